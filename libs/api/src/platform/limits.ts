/** Limits of the platform's nouns, in one place. */

/** Largest content of one configuration; two copies of it (current and release) fit into one proposal. */
export const CONFIG_CONTENT_BYTES_MAX = 256 * 1024;
/** The same after JSON escaping, which may be up to six times as long. */
export const CONFIG_ENCODED_BYTES_MAX = 700 * 1024;
export const COMMENT_CHARS_MAX = 1024;
export const ADDRESS_CHARS_MAX = 253;
export const TAGS_MAX = 64;
export const TAG_CHARS_MAX = 255;
export const PORTS_MAX = 32;
export const METADATA_ENTRIES_MAX = 64;
export const METADATA_KEY_CHARS_MAX = 128;
export const METADATA_VALUE_CHARS_MAX = 2048;
export const WEIGHT_MAX = 65_535;
/** Of an instance that names none. */
export const INSTANCE_TTL_SECONDS_DEFAULT = 15;
/** Smallest TTL at default timeouts; the lease minimum in force may be higher. */
export const TTL_SECONDS_MIN = 2;
/** One day. */
export const TTL_SECONDS_MAX = 86_400;
/** Longest wait of one long poll. */
export const WAIT_SECONDS_MAX = 60;
/** How long a read waits for the revision that it was asked to reach. */
export const WAIT_REVISION_SECONDS = 5;
export const LIST_LIMIT_MAX = 10_000;
/** A result is kept at least this long for repeats of the call. */
export const IDEMPOTENCY_SECONDS_MIN = 3000;
/** Visible ASCII. */
export const IDEMPOTENCY_KEY_PATTERN = /^[!-~]{1,255}$/;
