import { Global, Module, type Provider } from '@nestjs/common';
import type { Clock, KvApi } from '@quorate/api';
import { ConfigTree, Namespaces, RawKv, Registry, Sessions, Transactions, Writer } from '@quorate/recipes';
import { CLOCK, KV_API } from './tokens';

const recipes: Provider[] = [
  { provide: Writer, inject: [KV_API, CLOCK], useFactory: (kv: KvApi, clock: Clock) => new Writer(kv, clock) },
  { provide: Registry, inject: [Writer, CLOCK], useFactory: (writer: Writer, clock: Clock) => new Registry(writer, clock) },
  { provide: ConfigTree, inject: [Writer, CLOCK], useFactory: (writer: Writer, clock: Clock) => new ConfigTree(writer, clock) },
  { provide: Sessions, inject: [Writer, CLOCK], useFactory: (writer: Writer, clock: Clock) => new Sessions(writer, clock) },
  { provide: Namespaces, inject: [Writer], useFactory: (writer: Writer) => new Namespaces(writer) },
  { provide: RawKv, inject: [Writer], useFactory: (writer: Writer) => new RawKv(writer) },
  { provide: Transactions, inject: [Writer, ConfigTree], useFactory: (writer: Writer, configs: ConfigTree) => new Transactions(writer, configs) },
];

/** The platform's recipes over this member's store, one of each, for every door. */
@Global()
@Module({ providers: recipes, exports: recipes.map((recipe) => (recipe as { provide: symbol }).provide) })
export class RecipesModule {}
