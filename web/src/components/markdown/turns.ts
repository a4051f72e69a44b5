/**
 * Work in turns: what would keep the page busy for long is done bit by bit, with room for others in
 * between. How much fits a turn is counted in characters, so that it is the same on every machine.
 */

/** Characters of work that are done at once. */
const TURN = 6_000;

interface Work {
  weight: number;
  run(): void;
}

let spent = 0;
let waiting: Work[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/** Runs it now when this turn has room, else in a later one. Returns how to call it off. */
export function inTurn(weight: number, run: () => void): () => void {
  timer ??= setTimeout(nextTurn);
  const work = { weight, run };
  if (waiting.length > 0 || spent > TURN) {
    waiting.push(work);
    return () => {
      waiting = waiting.filter((other) => other !== work);
    };
  }
  spent += weight;
  run();
  return () => undefined;
}

function nextTurn(): void {
  timer = undefined;
  spent = 0;
  while (waiting.length > 0 && spent <= TURN) {
    // The last first: a thread is read at its end.
    const { weight, run } = waiting.pop()!;
    spent += weight;
    run();
  }
  if (waiting.length > 0) timer = setTimeout(nextTurn);
}
