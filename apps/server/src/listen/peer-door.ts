import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { MaintenanceApi, Member } from '@quorate/api';
import { HTTP_SERVER_OPTIONS } from '../gateway/http-server';

/** What the peer port tells before members talk to each other on it. */
export interface PeerDoorOptions {
  /** Rejects where the member could not start. */
  readonly maintenance: Promise<MaintenanceApi>;
  /** The API level told to clients, `3.6.x`. */
  readonly version: string;
}

/** etcd's plain questions on the peer port: who are the members, and which version is this. */
export function createPeerDoor(options: PeerDoorOptions): Server {
  return createServer(HTTP_SERVER_OPTIONS, (request, response) => {
    answer(options, request, response).catch(() => {
      response.writeHead(503);
      response.end();
    });
  });
}

async function answer({ maintenance, version }: PeerDoorOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const doors = await maintenance;
  const [path] = (request.url ?? '/').split('?', 1);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (path !== '/version' && path !== '/members') return end(response, 404, 'text/plain; charset=utf-8', '404 page not found\n');
  if (!isRead) return end(response, 405, 'text/plain; charset=utf-8', 'Method Not Allowed\n');
  response.setHeader('X-Etcd-Cluster-ID', doors.header().clusterId.toString(16));
  if (path === '/version') return end(response, 200, 'application/json', JSON.stringify({ etcdserver: version, etcdcluster: version }));
  const { members } = await doors.memberList(false);
  return end(response, 200, 'application/json', `${membersJson(members)}\n`);
}

/** Ids are numbers in etcd's JSON, larger than JavaScript's. */
function membersJson(members: readonly Member[]): string {
  return `[${members.map((member) => {
    const rest = JSON.stringify({ peerURLs: member.peerUrls, name: member.name, clientURLs: member.clientUrls });
    return `{"id":${member.id},${rest.slice(1)}`;
  }).join(',')}]`;
}

function end(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}
