import type { ResponseOp, TxnResponse } from '@quorate/api';
import type { Command } from 'commander';
import type { CommandRunner } from '../command-runner';
import { type Field, lines, type Presentation } from '../output/presentation';
import { headerFields, headerJson, type SimpleOptions } from '../output/store-forms';
import { parseTxnScript } from '../txn-script';
import { deletePresentation } from './del';
import { rangePresentation } from './get';
import { putPresentation } from './put';

export function addTxn(program: Command, runner: CommandRunner): void {
  const command = program.command('txn').description('run a transaction read from the standard input: conditions, then, else, each ended by an empty line');
  runner.add(command, async (session) => {
    const request = parseTxnScript((await session.readInput()).toString('utf8'));
    const response = await (await session.api()).txn(request, { signal: session.signal });
    session.print(txnPresentation(response, { hex: session.options.hex }));
  });
}

function txnPresentation({ header, succeeded, responses }: TxnResponse, options: SimpleOptions): Presentation {
  const parts = responses.map((response) => ({ name: NAMES[response.type], part: opPresentation(response, options) }));
  return {
    simple: () => lines(succeeded ? 'SUCCESS' : 'FAILURE') + parts.map(({ part }) => `\n${part.simple()}`).join(''),
    json: () => ({
      header: headerJson(header), succeeded: succeeded || undefined,
      responses: parts.map(({ name, part }) => ({ Response: { [name]: part.json() } })),
    }),
    fields: () => [
      ...headerFields(header), ['Succeeded', succeeded], ...parts.flatMap(({ part }): readonly Field[] => part.fields?.() ?? []),
    ],
  };
}

const NAMES: Readonly<Record<ResponseOp['type'], string>> = {
  range: 'ResponseRange', put: 'ResponsePut', deleteRange: 'ResponseDeleteRange', txn: 'ResponseTxn',
};

function opPresentation(op: ResponseOp, options: SimpleOptions): Presentation {
  switch (op.type) {
    case 'range': return rangePresentation(op.response, options);
    case 'put': return putPresentation(op.response, options);
    case 'deleteRange': return deletePresentation(op.response, options);
    case 'txn': return txnPresentation(op.response, options);
  }
}
