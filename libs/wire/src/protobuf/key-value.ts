import type { KeyValue } from '@quorate/api';
import { makeCodec } from './codec';
import { writeKeyValueFields } from './header';
import * as table from './kv.table';
import { readBySchema } from './schema-codec';

/** A single `mvccpb.KeyValue`; encoding goes by the fields, not by `encoded`. */
export const KeyValueCodec = makeCodec<Omit<KeyValue, 'encoded'>>({
  schema: table.keyValue,
  read: (reader) => readBySchema(reader, table.keyValue) as unknown as KeyValue,
  write: writeKeyValueFields,
  sizeMax: ({ key, value }) => 64 + key.length + value.length,
});

/** The protobuf bytes that `KeyValue.encoded` has to hold: fields ascending, zero fields left out. The caller's own. */
export function encodeKeyValue(fields: Omit<KeyValue, 'encoded'>): Buffer {
  return Buffer.from(KeyValueCodec.encode(fields));
}
