import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Heartbeat, type Instance, type List, PlatformError, type Service } from '@quorate/api';
import { type RegisterRequest, Registry, registryScope, type WriteOptions } from '@quorate/recipes';
import { RequiresAccess } from '../rest/access';
import { Answer } from '../rest/answer';
import { NamePipe } from '../rest/name.pipe';
import { TakesNoQuery } from '../rest/no-query';
import { Answers } from '../rest/openapi-answers';
import { API_V1 } from '../rest/paths';
import { PolledListQuery, ReadQuery } from '../rest/read-queries';
import { Reader } from '../rest/reader';
import { CallerSignal, WriteContext } from '../rest/request-parts';
import { RestController } from '../rest/rest-controller';
import { type PrometheusTargets, prometheusTargetsOf } from './prometheus-targets';
import { DeregisterQuery, HeartbeatQuery, InstancesQuery, RegisterBody } from './registry.dto';

const INSTANCE = 'registry/{ns}/{service}/{id}';

/** Service registry: instances of services, their heartbeats, and discovery. */
@ApiTags('registry')
@RestController()
@Controller(`${API_V1}/registry/:ns`)
export class RegistryController {
  constructor(private readonly registry: Registry, private readonly reader: Reader) {}

  @Get()
  @RequiresAccess('read', 'registry/{ns}')
  @ApiOperation({ summary: 'the services of a namespace; long poll with afterRevision' })
  @Answers(200, 'ServiceList')
  services(@Param('ns', NamePipe) namespace: string, @Query() query: PolledListQuery, @CallerSignal() signal: AbortSignal): Promise<Answer<List<Service>>> {
    const range = registryScope({ namespace, service: '*' });
    return this.reader.list(query, range, signal, ({ service }) => service, (options) => this.registry.services(namespace, options));
  }

  @Get('prometheus-sd')
  @TakesNoQuery()
  @RequiresAccess('read', 'registry/{ns}')
  @ApiOperation({ summary: 'targets for Prometheus (http_sd)' })
  @Answers(200, 'PrometheusTargets')
  async prometheus(@Param('ns', NamePipe) namespace: string, @CallerSignal() signal: AbortSignal): Promise<Answer<PrometheusTargets[]>> {
    const { revision, items } = await this.registry.list({ namespace, service: '*' }, {}, { context: { signal } });
    return new Answer(revision, prometheusTargetsOf(items));
  }

  @Get(':service')
  @RequiresAccess('read', 'registry/{ns}/{service}')
  @ApiOperation({ summary: 'the instances of a service; long poll with afterRevision wakes for changes of this service only' })
  @Answers(200, 'InstanceList')
  instances(
    @Param('ns', NamePipe) namespace: string, @Param('service', NamePipe) service: string, @Query() query: InstancesQuery, @CallerSignal() signal: AbortSignal,
  ): Promise<Answer<List<Instance>>> {
    const select = { namespace, service };
    const { healthy, zone, tag, version } = query;
    return this.reader.list(query, registryScope(select), signal, ({ id }) => id, (options) => this.registry.list(select, { healthy, zone, tag, version }, options));
  }

  @Get(':service/:id')
  @RequiresAccess('read', INSTANCE)
  @ApiOperation({ summary: 'one instance' })
  @Answers(200, 'Instance')
  async instance(
    @Param('ns', NamePipe) namespace: string, @Param('service', NamePipe) service: string, @Param('id', NamePipe) id: string,
    @Query() query: ReadQuery, @CallerSignal() signal: AbortSignal,
  ): Promise<Answer<Instance>> {
    const { revision, item } = await this.reader.read(query, signal, (options) => this.registry.get({ namespace, service, id }, options));
    return new Answer(revision, item);
  }

  @Put(':service/:id')
  @TakesNoQuery()
  @RequiresAccess('write', INSTANCE)
  @ApiOperation({ summary: 'register; repeating it is safe' })
  @Answers(200, 'Instance')
  async register(
    @Param('ns', NamePipe) namespace: string, @Param('service', NamePipe) service: string, @Param('id', NamePipe) id: string,
    @Body() body: RegisterBody, @WriteContext() options: WriteOptions,
  ): Promise<Answer<Instance>> {
    const instance = await this.registry.register({ namespace, service, id }, registrationOf(body), options);
    return new Answer(instance.revision, instance);
  }

  @Put(':service/:id/heartbeat')
  @RequiresAccess('write', INSTANCE)
  @ApiOperation({ summary: 'renew; writes nothing' })
  @Answers(200, 'Heartbeat')
  async heartbeat(
    @Param('ns', NamePipe) namespace: string, @Param('service', NamePipe) service: string, @Param('id', NamePipe) id: string, @Query() { leaseId }: HeartbeatQuery,
  ): Promise<Answer<Heartbeat>> {
    const heartbeat = await this.registry.heartbeat({ namespace, service, id }, leaseId);
    return new Answer(heartbeat.revision, heartbeat);
  }

  @Delete(':service/:id')
  @HttpCode(204)
  @RequiresAccess('delete', INSTANCE)
  @ApiOperation({ summary: 'deregister' })
  @Answers(204)
  async deregister(
    @Param('ns', NamePipe) namespace: string, @Param('service', NamePipe) service: string, @Param('id', NamePipe) id: string,
    @Query() { leaseId }: DeregisterQuery, @WriteContext() options: WriteOptions,
  ): Promise<Answer<undefined>> {
    return new Answer(await this.registry.deregister({ namespace, service, id }, leaseId, options), undefined);
  }
}

/** What a body asks for, with its defaults. @throws PlatformError `field_required`, `field_invalid` */
export function registrationOf(body: RegisterBody): RegisterRequest {
  const { address, port, ports, weight = 1, zone, version, tags = [], metadata = {}, enabled = true, ephemeral = true, session, ttlSeconds } = body;
  if (port === undefined && (ports === undefined || Object.keys(ports).length === 0)) throw new PlatformError('field_required', 'port or ports is required', 'port');
  if (port !== undefined && ports !== undefined) throw new PlatformError('field_invalid', 'either port or ports', 'ports');
  if (ttlSeconds !== undefined && session !== undefined) throw new PlatformError('field_invalid', 'the session says the TTL', 'ttlSeconds');
  if (!ephemeral && (ttlSeconds !== undefined || session !== undefined)) {
    throw new PlatformError('field_invalid', 'only ephemeral instances hang on a lease', ttlSeconds === undefined ? 'session' : 'ttlSeconds');
  }
  return { address, port, ports, weight, zone, version, tags, metadata, enabled, ephemeral, session, ttlSeconds };
}
