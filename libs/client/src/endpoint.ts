/** Where a member may be reached. */
export interface Endpoint {
  /** As it was given, for messages. */
  readonly text: string;
  /** `host:port` */
  readonly address: string;
  readonly secure: boolean;
}

const DEFAULT_PORT = 2379;

/**
 * Reads `host:port`, `http://host:port` or `https://host:port`; the port may be left out.
 * @param secureByDefault what an endpoint without a scheme means
 * @throws TypeError where it is none of these
 */
export function parseEndpoint(text: string, secureByDefault: boolean): Endpoint {
  const match = /^(?:(https?):\/\/)?(\[[0-9a-fA-F:.]+\]|[^:/[\]\s]+)(?::([0-9]{1,5}))?\/?$/.exec(text.trim());
  const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  if (match === null || port === 0 || port > 65_535) throw new TypeError(`"${text}" is no endpoint: expected host:port, http://host:port or https://host:port`);
  return {
    text: text.trim(), address: `${match[2] as string}:${port}`, secure: match[1] === undefined ? secureByDefault : match[1] === 'https',
  };
}
