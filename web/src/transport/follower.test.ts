import { expect, test } from 'vitest';
import { delta, end, start, userMessage } from '../testing/scripted';
import { Follower } from './follower';

function following(...events: Parameters<Follower['take']>[0][]) {
  const follower = new Follower();
  return { follower, news: events.map((event) => follower.take(event)) };
}

test('the running reply is kept as a snapshot of what came', () => {
  const { follower } = following(start('a1', 'k1'), delta('a1', 0, 'One, '), delta('a1', 1, 'two'));
  expect(follower.live).toMatchObject({ id: 'a1', content: 'One, two', seq: 2 });
});

test('a delta that comes again is no news', () => {
  expect(following(start('a1', 'k1'), delta('a1', 0, 'One'), delta('a1', 0, 'One')).news[2]).toBe('repeated');
});

test('behind a hole one snapshot is asked for, and after it the next hole is found', () => {
  const { news } = following(
    start('a1', 'k1'),
    delta('a1', 2, 'x'),
    delta('a1', 3, 'y'),
    start('a1', 'k1', 'Onexy', 4),
    delta('a1', 6, 'z'),
  );
  expect(news).toEqual(['new', 'gap', 'repeated', 'new', 'gap']);
});

test('a delta of a reply that nothing has told of asks for a snapshot; one of an ended reply does not', () => {
  expect(following(delta('a9', 4, 'x')).news).toEqual(['gap']);
  expect(following(start('a1', 'k1'), end('a1', ''), delta('a1', 0, 'x')).news[2]).toBe('repeated');
});

test('a reply whose end was never told is known when the next one begins', () => {
  const { follower } = following(userMessage('u1', 'k1', 'hi'), start('a1', 'k1'), start('a2', 'k2'));
  expect(['u1', 'a1', 'a2'].map((id) => follower.knows(id))).toEqual([true, true, false]);
});
