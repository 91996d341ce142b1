import platform from './schemas.json';

/**
 * The JSON Schemas of the platform's bodies, nouns, changes and error codes (2020-12, and OpenAPI 3 as well), by name below
 * `components.schemas`. Answers may gain fields; requests have exactly the fields that are named.
 */
export const PLATFORM_SCHEMAS: { readonly $id: string; readonly components: { readonly schemas: Readonly<Record<string, object>> } } = platform;
