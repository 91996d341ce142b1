import type { ConfigFormat } from '@quorate/api';

const CONTENT_TYPES: Readonly<Record<ConfigFormat, string>> = {
  text: 'text/plain; charset=utf-8',
  json: 'application/json; charset=utf-8',
  yaml: 'application/yaml; charset=utf-8',
  toml: 'application/toml; charset=utf-8',
  properties: 'text/plain; charset=utf-8',
  xml: 'application/xml; charset=utf-8',
};

/** Of the bare content. */
export function contentTypeOf(format: ConfigFormat): string {
  return CONTENT_TYPES[format];
}
