/** Where a text is not what it should be; lines and columns from 1, columns in UTF-16 units. */
export interface Fault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Thrown inside the checkers, and nowhere else. */
export class FaultAt extends Error {
  constructor(readonly offset: number, message: string) {
    super(message);
  }
}

/** The fault at an offset of a text. */
export function faultAt(text: string, offset: number, message: string): Fault {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - (before.lastIndexOf('\n') + 1) + 1, message };
}

/** Runs a checker that throws {@link FaultAt}. */
export function caughtFault(text: string, check: () => void): Fault | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof FaultAt) return faultAt(text, error.offset, error.message);
    throw error;
  }
}
