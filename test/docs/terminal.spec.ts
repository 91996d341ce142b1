import { Terminal } from './terminal.testing';

describe('a terminal', () => {
  let terminal: Terminal;

  beforeEach(() => {
    terminal = new Terminal('/', { GREETING: 'hello' });
  });

  afterEach(() => terminal.close());

  it('keeps variables and background jobs from block to block', async () => {
    await terminal.run('NAME=world\nsleep 1000 &\nJOB=$!');
    await terminal.run('printf "$GREETING, $NAME"\nkill $JOB');
    expect(terminal.output).toBe('hello, world');
  });

  it('shows what a block prints while it goes on, and lets it have a last word when it is interrupted', async () => {
    terminal.begin(`trap 'echo bye; exit' INT\necho ready\nwhile :; do sleep 0.05; done`);
    await terminal.show((output) => output === 'ready\n');
    await terminal.interrupt();
    expect(terminal.output).toBe('ready\nbye\n');
  });

  it('fails with the whole output when a command fails', async () => {
    await expect(terminal.run('echo before\necho why >&2\nfalse\necho after')).rejects.toThrow(/before[^]*why/);
  });

  it('fails when it ends without having shown what was wanted', async () => {
    terminal.begin('echo something; exit 0');
    await expect(terminal.show((output) => output.includes('else'))).rejects.toThrow('it ended with another output');
  });
});
