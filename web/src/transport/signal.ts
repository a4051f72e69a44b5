/** A list of listeners. */
export class Signal<T> {
  private readonly listeners = new Set<(value: T) => void>();

  /** Returns the way to stop. */
  listen = (listener: (value: T) => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  tell(value: T): void {
    for (const listener of this.listeners) listener(value);
  }
}
