/** Runs tasks one after the other, in the order in which they were handed in. A failed task stops none behind it. */
export class SerialQueue {
  private last: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.last.then(task);
    this.last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when all that was handed in before has run. */
  async idle(): Promise<void> {
    await this.last;
  }
}
