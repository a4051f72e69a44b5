import { expect, test } from 'vitest';
import { parseEvent } from './events';

test('an event is what it says', () => {
  expect(parseEvent('{"type":"heartbeat"}')).toEqual({ type: 'heartbeat' });
});

test.each(['', '{', 'null', '7', '"heartbeat"', '[{"type":"heartbeat"}]', '{}', '{"type":7}'])(
  'what is no event is skipped: %s',
  (text) => expect(parseEvent(text)).toBeNull(),
);

test('an event of a newer server is skipped', () => {
  expect(parseEvent('{"type":"telepathy","id":"a1"}')).toBeNull();
});
