import type { IncomingMessage } from 'node:http';
import { Inject, UseFilters, UseGuards } from '@nestjs/common';
import {
  ConnectedSocket, MessageBody, type OnGatewayConnection, type OnGatewayDisconnect, SubscribeMessage, WebSocketGateway,
} from '@nestjs/websockets';
import { type Clock, type KvApi, PlatformError } from '@quorate/api';
import { Registry } from '@quorate/recipes';
import { from, map, type Observable } from 'rxjs';
import type { WebSocket } from 'ws';
import { CLOCK, KV_API } from '../member/tokens';
import { registrationOf } from '../registry/registry.controller';
import { type Access, RequiresAccess } from '../rest/access';
import { RestValidationPipe } from '../rest/rest-validation.pipe';
import { WS_ACCESS, type WsAccess } from './access';
import { AdmissionGuard } from './admission.guard';
import { Answer } from './answer';
import type { Connection } from './connection';
import { Connections } from './connections';
import { FrameErrorFilter } from './frame-error.filter';
import { SubscribePipe } from './subscribe.pipe';
import {
  AuthFrame, DeregisterFrame, PingFrame, RegisterFrame, SessionFrame, SubscribeFrame, UnsubscribeFrame,
} from './frames.dto';
import { TopicFeed } from './topic-feed';
import { TopicRegistry } from './topic-registry';
import { WS_LIMITS, type WsLimits } from './ws-limits';
import { WS_PATH } from './ws-path';

/** The platform's WebSocket: an op per handler. What subscriptions tell goes straight to the socket, past all of this. */
@WebSocketGateway({ path: WS_PATH })
@UseFilters(FrameErrorFilter)
@UseGuards(AdmissionGuard)
export class PlatformGateway implements OnGatewayConnection<WebSocket>, OnGatewayDisconnect<WebSocket> {
  constructor(
    private readonly connections: Connections,
    private readonly topics: TopicRegistry,
    private readonly registry: Registry,
    @Inject(KV_API) private readonly kv: KvApi,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(WS_ACCESS) private readonly access: WsAccess,
    @Inject(WS_LIMITS) private readonly limits: WsLimits,
  ) {}

  handleConnection(socket: WebSocket, request: IncomingMessage): void {
    this.connections.open(socket, request);
  }

  handleDisconnect(socket: WebSocket): void {
    this.connections.close(socket);
  }

  @SubscribeMessage('auth')
  @RequiresAccess('read', 'socket')
  async auth(@ConnectedSocket() socket: WebSocket, @MessageBody(RestValidationPipe) frame: AuthFrame): Promise<Answer> {
    await this.connections.of(socket).authenticate(frame.authorization);
    return new Answer('ok');
  }

  @SubscribeMessage('ping')
  @RequiresAccess('read', 'socket')
  ping(@MessageBody(RestValidationPipe) _frame: PingFrame): Answer {
    return new Answer('pong');
  }

  @SubscribeMessage('subscribe')
  @RequiresAccess('read', '{topic}')
  subscribe(@ConnectedSocket() socket: WebSocket, @MessageBody(SubscribePipe) frame: SubscribeFrame): Answer {
    const connection = this.connections.of(socket);
    const { topic, encoder } = this.topics.get(frame.topic);
    this.demand(connection, topic.accessOf(frame));
    const feed = new TopicFeed({
      kv: this.kv, clock: this.clock, scope: topic.scopeOf(frame), encoder, mode: frame.mode ?? 'all',
      changeBytesMax: this.limits.changeBytesMax,
      ...(frame.afterRevision !== undefined && { afterRevision: Number(frame.afterRevision) }),
    });
    const { subscriptions } = connection;
    const subscription = subscriptions.add(frame.id, feed);
    return new Answer('ok', {}, () => subscriptions.start(subscription));
  }

  @SubscribeMessage('unsubscribe')
  @RequiresAccess('read', 'socket')
  unsubscribe(@ConnectedSocket() socket: WebSocket, @MessageBody(RestValidationPipe) frame: UnsubscribeFrame): Answer {
    const removed = this.connections.of(socket).subscriptions.remove(frame.subscription);
    if (!removed) throw new PlatformError('subscription_unknown', undefined, 'subscription');
    return new Answer('ok');
  }

  /** Waits for the cluster, so it hands back an observable: the frames behind it need not wait as well. */
  @SubscribeMessage('session')
  @RequiresAccess('write', 'sessions')
  session(@ConnectedSocket() socket: WebSocket, @MessageBody(RestValidationPipe) frame: SessionFrame): Observable<Answer> {
    const connection = this.connections.of(socket);
    const { sessions } = connection;
    this.demand(connection, { action: 'write', resource: 'sessions' });
    const { id, session, ttlSeconds, owner = '' } = frame;
    if (session !== undefined && ttlSeconds !== undefined) {
      throw new PlatformError('field_invalid', 'session attaches to an existing one, ttlSeconds opens a new one: give one of them', 'session');
    }
    if (session !== undefined) return from(sessions.reattach(id, session)).pipe(map((item) => new Answer('ok', { item })));
    if (ttlSeconds === undefined) throw new PlatformError('field_required', 'session or ttlSeconds is required', 'ttlSeconds');
    return from(sessions.open(id, { ttlSeconds, owner })).pipe(map((item) => new Answer('ok', { item })));
  }

  /** What is registered here goes when its session ends, not when the socket closes. */
  @SubscribeMessage('register')
  @RequiresAccess('write', 'registry/{namespace}/{service}/{instance}')
  register(@ConnectedSocket() socket: WebSocket, @MessageBody(RestValidationPipe) frame: RegisterFrame): Observable<Answer> {
    const connection = this.connections.of(socket);
    const { namespace, service, instance: id, ephemeral = true } = frame;
    const session = frame.session ?? (ephemeral ? connection.sessions.last : undefined);
    this.demand(connection, { action: 'write', resource: `registry/${namespace}/${service}/${id}` });
    if (ephemeral && session === undefined) throw new PlatformError('field_required', 'open a session first, or name one', 'session');
    const registered = this.registry.register({ namespace, service, id }, registrationOf({ ...frame, ...(session !== undefined && { session }) }));
    return from(registered).pipe(map((item) => new Answer('ok', { item })));
  }

  @SubscribeMessage('deregister')
  @RequiresAccess('delete', 'registry/{namespace}/{service}/{instance}')
  deregister(@ConnectedSocket() socket: WebSocket, @MessageBody(RestValidationPipe) frame: DeregisterFrame): Observable<Answer> {
    const { namespace, service, instance: id, leaseId } = frame;
    this.demand(this.connections.of(socket), { action: 'delete', resource: `registry/${namespace}/${service}/${id}` });
    return from(this.registry.deregister({ namespace, service, id }, leaseId)).pipe(map((revision) => new Answer('ok', { revision: String(revision) })));
  }

  private demand({ principal }: Connection, access: Access): void {
    if (!this.access.permits(principal, access)) throw new PlatformError('permission_denied');
  }
}
