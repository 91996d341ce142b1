/** What an op answers. `afterSent` runs when the answer has been handed to the socket: what it starts comes behind it. */
export class Answer {
  constructor(
    readonly type: 'ok' | 'pong',
    readonly fields: Readonly<Record<string, unknown>> = {},
    readonly afterSent?: () => void,
  ) {}
}
