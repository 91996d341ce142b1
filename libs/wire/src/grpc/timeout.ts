/** Units of the `grpc-timeout` header, in milliseconds. */
const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };
/** Coarser units for what does not fit into eight digits. */
const UNITS_BY_SIZE = ['m', 'S', 'M', 'H'] as const;
const DIGITS_MAX = 99_999_999;

/** Milliseconds (perhaps a fraction) that a `grpc-timeout` header gives the call; `undefined` where it is malformed. */
export function parseGrpcTimeout(text: string): number | undefined {
  const match = /^([0-9]{1,8})([HMSmun])$/.exec(text);
  return match === null ? undefined : Number(match[1]) * (UNIT_MS[match[2] as string] as number);
}

/** The header for a timeout in milliseconds, rounded up; what is over already becomes the shortest there is. */
export function formatGrpcTimeout(timeoutMs: number): string {
  if (!(timeoutMs > 0)) return '1n';
  for (const unit of UNITS_BY_SIZE) {
    const count = Math.ceil(timeoutMs / (UNIT_MS[unit] as number));
    if (count <= DIGITS_MAX) return `${count}${unit}`;
  }
  return `${DIGITS_MAX}H`;
}
