import { Module } from '@nestjs/common';
import { ConfigsModule } from '../config-center/configs.module';
import { KvController } from './kv.controller';

@Module({ imports: [ConfigsModule], controllers: [KvController] })
export class KvModule {}
