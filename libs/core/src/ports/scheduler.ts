/** Where the core takes breaths: it never blocks the thread that carries it for long. */
export interface Scheduler {
  /** Calls back once, after the events that wait now (sockets, timers, finished writes) have been handled. */
  defer(callback: () => void): void;
}
