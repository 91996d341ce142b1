import type { Member, MemberListResponse } from '@quorate/api';
import type { Command } from 'commander';
import type { CommandRunner } from '../command-runner';
import { BLANK_LINE, type Field, lines, type Presentation } from '../output/presentation';
import { headerFields, headerJson, memberIdText } from '../output/store-forms';

const HEAD = ['ID', 'STATUS', 'NAME', 'PEER ADDRS', 'CLIENT ADDRS', 'IS LEARNER'] as const;

export function addMember(program: Command, runner: CommandRunner): void {
  const member = program.command('member').description('the members of the cluster');
  runner.add(member.command('list').description('all members'), async (session) => {
    const api = await session.api();
    session.print(membersPresentation(await api.maintenance.memberList(true, { signal: session.signal })));
  });
}

function membersPresentation({ header, members }: MemberListResponse): Presentation {
  return {
    simple: () => lines(...members.map((member) => rowOf(member).join(', '))),
    json: () => ({ header: headerJson(header), members: members.map(memberJson) }),
    fields: () => [...headerFields(header), ...members.flatMap(memberFields)],
    table: () => ({ head: HEAD, rows: members.map(rowOf) }),
  };
}

function rowOf({ id, name, peerUrls, clientUrls, isLearner }: Member): readonly string[] {
  return [memberIdText(id), name === '' ? 'unstarted' : 'started', name, peerUrls.join(','), clientUrls.join(','), `${isLearner}`];
}

function memberJson({ id, name, peerUrls, clientUrls, isLearner }: Member): Record<string, unknown> {
  return { ID: id, name: name || undefined, peerURLs: peerUrls, clientURLs: clientUrls.length === 0 ? undefined : clientUrls, isLearner: isLearner || undefined };
}

function memberFields({ id, name, peerUrls, clientUrls, isLearner }: Member): readonly Field[] {
  return [
    ['ID', id], ['Name', name], ...peerUrls.map((url) => ['PeerURL', url] as const), ...clientUrls.map((url) => ['ClientURL', url] as const),
    ['IsLearner', isLearner], BLANK_LINE,
  ];
}
