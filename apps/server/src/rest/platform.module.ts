import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigsModule } from '../config-center/configs.module';
import { KvModule } from '../kv/kv.module';
import { RecipesModule } from '../member/recipes.module';
import { RegistryModule } from '../registry/registry.module';
import { SessionsModule } from '../sessions/sessions.module';
import { RestModule } from './rest.module';
import type { RestOptions } from './rest-options';

/** The platform's REST API whole. Needs the tokens of a member (KV_API, MAINTENANCE_API, CLOCK, LOGGER) from a global module. */
@Module({})
export class PlatformModule {
  static register(options: RestOptions): DynamicModule {
    return { module: PlatformModule, imports: [RecipesModule, RestModule.register(options), RegistryModule, ConfigsModule, KvModule, SessionsModule] };
  }
}
