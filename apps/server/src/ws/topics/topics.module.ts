import { Module } from '@nestjs/common';
import { ConfigTopic } from './config.topic';
import { KvTopic } from './kv.topic';
import { RegistryTopic } from './registry.topic';

/** What the features of the platform offer to be followed. */
@Module({ providers: [ConfigTopic, RegistryTopic, KvTopic] })
export class TopicsModule {}
