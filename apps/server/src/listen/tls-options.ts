import { readFileSync } from 'node:fs';
import type { TlsOptions } from 'node:tls';
import type { TlsFiles } from '../config/server-config';
import { ListenError } from './listeners';

/** What the TLS flags name, read from disk. @throws ListenError naming the file that cannot be read */
export function tlsOptionsOf({ certFile, keyFile, trustedCaFile, clientCertAuth }: TlsFiles): TlsOptions {
  return {
    cert: read(certFile), key: read(keyFile), minVersion: 'TLSv1.2',
    ...(trustedCaFile === '' ? {} : { ca: read(trustedCaFile) }),
    requestCert: clientCertAuth, rejectUnauthorized: clientCertAuth,
  };
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ListenError(`open ${file}: ${(error as Error).message}`);
  }
}
