import { Worker } from 'node:worker_threads';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Fault } from './fault';

/** Beyond these the text is no configuration that its readers could take either. */
const CHECK_MS_MAX = 10_000;
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 256, stackSizeMb: 4 };

/**
 * What runs in the worker: every check answers with the first error, or with none. It is handed over as text, because it
 * has to run from sources and from a build alike, and needs nothing but the parser.
 */
const WORKER_CODE = `
const { parentPort, workerData } = require('node:worker_threads');
const { LineCounter, parseAllDocuments, visit } = require(workerData.parserPath);
// An alias without its anchor is found by the parser only when values are made, which is what blows up.
const danglingAlias = (document) => {
  const anchors = new Set();
  let found;
  visit(document, {
    Alias: (_, alias) => {
      if (anchors.has(alias.source)) return undefined;
      found = alias;
      return visit.BREAK;
    },
    Node: (_, node) => { if (node.anchor) anchors.add(node.anchor); },
  });
  return found;
};
const firstFault = (text) => {
  const lineCounter = new LineCounter();
  const at = (offset, message) => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1), message };
  };
  for (const document of parseAllDocuments(text, { prettyErrors: false, logLevel: 'silent', lineCounter })) {
    const [error] = document.errors;
    if (error) return at(error.pos[0], error.message);
    const alias = danglingAlias(document);
    if (alias) return at(alias.range[0], 'the alias *' + alias.source + ' has no anchor before it');
  }
};
parentPort.on('message', ({ number, text }) => {
  let fault;
  try {
    fault = firstFault(text);
  } catch (error) {
    fault = { line: 1, column: 1, message: error instanceof RangeError ? 'nested too deeply' : String(error.message) };
  }
  parentPort.postMessage({ number, fault });
});
`;

interface CheckAnswer {
  readonly number: number;
  readonly fault: Fault | undefined;
}

/**
 * Checks YAML texts (1.2, several documents allowed; aliases are looked at and not expanded) in a thread of their own: a
 * large text takes the parser most of a second, in which the member could not even send a heartbeat.
 */
@Injectable()
export class YamlChecker implements OnModuleDestroy {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, (fault: Fault | undefined) => void>();
  private lastNumber = 0;

  /** The first fault of a text. One text is checked at a time; others wait. */
  async faultOf(text: string): Promise<Fault | undefined> {
    const worker = this.worker ?? this.start();
    const number = ++this.lastNumber;
    const answer = new Promise<Fault | undefined>((resolve) => { this.waiting.set(number, resolve); });
    const deadline = setTimeout(() => { void worker.terminate(); }, CHECK_MS_MAX);
    worker.postMessage({ number, text });
    try {
      return await answer;
    } finally {
      clearTimeout(deadline);
    }
  }

  async onModuleDestroy(): Promise<void> {
    await this.worker?.terminate();
  }

  private start(): Worker {
    const worker = new Worker(WORKER_CODE, { eval: true, workerData: { parserPath: require.resolve('yaml') }, resourceLimits: RESOURCE_LIMITS });
    worker.unref();
    worker.on('message', ({ number, fault }: CheckAnswer) => {
      this.waiting.get(number)?.(fault);
      this.waiting.delete(number);
    });
    // Its end follows, and answers whoever waits.
    worker.on('error', () => undefined);
    worker.on('exit', () => this.ended(worker));
    this.worker = worker;
    return worker;
  }

  private ended(worker: Worker): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const answer of waiting) answer({ line: 1, column: 1, message: 'the text took too long or too much memory to check' });
  }
}
