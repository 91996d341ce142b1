import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { PlatformError } from '@quorate/api';
import { ChangeEncoder } from './change-encoder';
import { type Topic, WsTopic } from './topic';

/** A topic and what its subscribers share. */
export interface RegisteredTopic {
  readonly name: string;
  readonly topic: Topic;
  readonly encoder: ChangeEncoder;
}

/** The topics of all modules. */
@Injectable()
export class TopicRegistry implements OnModuleInit {
  private readonly topics = new Map<string, RegisteredTopic>();

  constructor(private readonly discovery: DiscoveryService) {}

  onModuleInit(): void {
    for (const provider of this.discovery.getProviders({ metadataKey: WsTopic.KEY })) {
      const name = this.discovery.getMetadataByDecorator(WsTopic, provider);
      if (name === undefined) continue;
      if (this.topics.has(name)) throw new Error(`two providers offer the topic ${name}`);
      this.topics.set(name, { name, topic: provider.instance as Topic, encoder: new ChangeEncoder() });
    }
  }

  /** @throws PlatformError `topic_unknown` */
  get(name: string): RegisteredTopic {
    const topic = this.topics.get(name);
    if (topic) return topic;
    const known = [...this.topics.keys()].sort().join(', ');
    throw new PlatformError('topic_unknown', `there is no topic ${JSON.stringify(name)}; known are ${known}`, 'topic');
  }
}
