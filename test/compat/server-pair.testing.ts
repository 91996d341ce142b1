import fs from 'node:fs';
import { credentials } from '@grpc/grpc-js';
import { type MemberListResponse } from '@quorate/api';
import { services } from '@quorate/wire';
import { type ServerOptions, type ServerProcess, startEtcd, startQuorate } from '../support/server-process';
import { RawClient } from './raw-client.testing';

/** One of the two servers that are compared, with the names that are its own. */
export interface ComparedServer {
  readonly kind: 'etcd' | 'quorate';
  readonly process: ServerProcess;
  readonly memberId: bigint;
  readonly clusterId: bigint;
}

/** A fresh real etcd and a fresh Quorate, started with the same flags. */
export interface ServerPair {
  readonly etcd: ComparedServer;
  readonly quorate: ComparedServer;
}

export async function startPair(options: ServerOptions = {}): Promise<ServerPair> {
  const [etcd, quorate] = await Promise.all([startEtcd(options), startQuorate(options)]);
  return { etcd: await identify('etcd', etcd), quorate: await identify('quorate', quorate) };
}

/** Kills both and starts them on their data again, at addresses that clients knew before. */
export async function restartPair({ etcd, quorate }: ServerPair): Promise<ServerPair> {
  await Promise.all([etcd.process.end('SIGKILL'), quorate.process.end('SIGKILL')]);
  const again = ({ process: { dataDir, endpoint } }: ComparedServer): ServerOptions => ({ dataDir, port: Number(endpoint.split(':')[1]) });
  const [first, second] = await Promise.all([startEtcd(again(etcd)), startQuorate(again(quorate))]);
  return { etcd: { ...etcd, process: first }, quorate: { ...quorate, process: second } };
}

export async function stopPair(pair: ServerPair | undefined): Promise<void> {
  if (!pair) return; // It did not start, and the suite says so.
  for (const { process } of [pair.etcd, pair.quorate]) {
    await process.end('SIGKILL');
    fs.rmSync(process.dataDir, { recursive: true, force: true });
  }
}

/** Runs the same on both servers at once. */
export async function onBoth<T>(pair: ServerPair, run: (server: ComparedServer) => Promise<T>): Promise<{ etcd: T; quorate: T }> {
  const [etcd, quorate] = await Promise.all([run(pair.etcd), run(pair.quorate)]);
  return { etcd, quorate };
}

async function identify(kind: ComparedServer['kind'], process: ServerProcess): Promise<ComparedServer> {
  const client = new RawClient(process.endpoint, credentials.createInsecure());
  try {
    const list: MemberListResponse = await client.ask(services.Cluster.MemberList, { linearizable: true });
    return { kind, process, memberId: list.header.memberId, clusterId: list.header.clusterId };
  } finally {
    client.close();
  }
}

/**
 * Takes out of a text what two servers cannot have in common: the member's and the cluster's id (decimal and hexadecimal),
 * the addresses, and the term, which counts elections (etcd's first log entries have a term of their own).
 */
export function maskServer(text: string, { process, memberId, clusterId }: ComparedServer): string {
  const own: [string, string][] = [
    [process.url, '<url>'], [process.peerUrl, '<peer-url>'], [process.endpoint, '<endpoint>'], [process.dataDir, '<data-dir>'],
    [memberId.toString(), '<member>'], [memberId.toString(16), '<member>'],
    [clusterId.toString(), '<cluster>'], [clusterId.toString(16), '<cluster>'],
  ];
  const masked = own.reduce((left, [value, name]) => left.replaceAll(value, name), text);
  return masked.replaceAll(/(raft_?term"\s?:\s?)\d+/gi, '$1<term>');
}
