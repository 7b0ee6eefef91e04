import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BRANCH, Loop } from './loop.ts'

const AGENT = 'worker <worker@agents.mission-control.invalid>'

describe('a session that goes well', () => {
  test('the commit of the program is pushed to the branch and reported when it exits with 0', async () => {
    const loop = await Loop.start()
    const report = await loop.complete(`
      test "$(head -n 1 "$MISSION_CONTROL_PROMPT_FILE")" = '# Add a greeting' || exit 9
      echo hello > greeting.txt && git add -A && git commit -qm 'Greet people'
      echo '{"tokens":{"input":10,"output":5},"costUsd":0.25,"model":"m1","title":"Greet","summary":"It greets now."}' > "$MISSION_CONTROL_USAGE_FILE"`)
    expect(report).toEqual({
      outcome: 'pull_request',
      title: 'Greet',
      summary: 'It greets now.',
      question: null,
      usage: { tokens: { input: 10, output: 5, cacheRead: 0, cacheWrite: 0 }, costUsd: 0.25, model: 'm1' },
    })
    expect(await loop.remote.log(BRANCH)).toEqual([
      { subject: 'Record what was done in CONTEXT.md', author: AGENT },
      { subject: 'Greet people', author: AGENT },
      { subject: 'Change by the maintainer', author: 'Maintainer <maintainer@example.com>' },
    ])
    expect(await loop.remote.show(BRANCH, 'CONTEXT.md')).toBe(
      '## #12\n\nIt greets now.\n\nFiles changed:\n\n- `greeting.txt`',
    )
  })

  test('leftovers are committed under the title of the task when the program commits nothing', async () => {
    const loop = await Loop.start()
    const report = await loop.complete('echo hello > greeting.txt; rm README.md', {
      task: { title: 'Fixes #3: greet @all\nplease' },
    })
    expect(report.outcome).toBe('pull_request')
    const [, leftovers] = await loop.remote.log(BRANCH)
    expect(leftovers?.subject).toBe('Fixes (re) #3: greet @\u2060all please')
    expect(await loop.remote.git('ls-tree', '--name-only', BRANCH)).toBe('CONTEXT.md\ngreeting.txt')
  })

  test('the context file is left as it is when the program wrote the section', async () => {
    const loop = await Loop.start()
    await loop.complete('printf "# Notes\\n\\n## #12\\n\\nDone by hand.\\n" > CONTEXT.md')
    expect(await loop.remote.show(BRANCH, 'CONTEXT.md')).toBe('# Notes\n\n## #12\n\nDone by hand.')
  })

  test('the section is appended when the context file has those of other issues', async () => {
    const loop = await Loop.start()
    await loop.remote.commit('main', { 'docs/NOTES.md': '# Notes\n\n## #120\n\nOther.' })
    await loop.complete('echo hello > greeting.txt', { project: { contextFile: 'docs/NOTES.md' } })
    expect(await loop.remote.show(BRANCH, 'docs/NOTES.md')).toBe(
      '# Notes\n\n## #120\n\nOther.\n\n## #12\n\nAdd a greeting\n\nFiles changed:\n\n- `greeting.txt`',
    )
  })

  test('nothing outside of the repository is written when the context file is a link', async () => {
    const loop = await Loop.start()
    const report = await loop.complete('ln -s "$HOME/elsewhere.md" CONTEXT.md')
    expect(report.outcome).toBe('pull_request')
    expect(report.summary).toBe('The context file was not written: CONTEXT.md is a link.')
  })

  test('a result is reported without a push when the program says so', async () => {
    const loop = await Loop.start()
    const report = await loop.complete(
      `echo '{"outcome":"result","summary":"It is 42."}' > "$MISSION_CONTROL_USAGE_FILE"`,
    )
    expect(report).toMatchObject({ outcome: 'result', summary: 'It is 42.' })
    expect(await loop.remote.git('branch', '--list', 'agent/*')).toBe('')
  })

  test('the question is reported and the work so far is pushed when clarification is needed', async () => {
    const loop = await Loop.start()
    const report = await loop.complete(`echo half > half.txt
      echo '{"outcome":"needs_clarification","question":"Which language?"}' > "$MISSION_CONTROL_USAGE_FILE"`)
    expect(report).toMatchObject({ outcome: 'needs_clarification', question: 'Which language?' })
    expect((await loop.remote.log(BRANCH)).map(({ subject }) => subject)).toEqual([
      'Work in progress: Add a greeting',
      'Change by the maintainer',
    ])
  })

  test('out_of_credit is reported with its reset even when the program then fails', async () => {
    const loop = await Loop.start()
    const report = await loop.complete(
      `echo '{"outcome":"out_of_credit","resetsAt":"2030-01-01T00:00:00Z"}' > "$MISSION_CONTROL_USAGE_FILE"; exit 1`,
    )
    expect(report).toMatchObject({ outcome: 'out_of_credit', resetsAt: '2030-01-01T00:00:00Z' })
  })
})

describe('where a session begins', () => {
  test('work goes on from the published branch when there is one', async () => {
    const loop = await Loop.start()
    await loop.remote.commit(BRANCH, { 'earlier.txt': 'earlier\n' })
    const report = await loop.complete('test -f earlier.txt && echo more > later.txt', {
      session: { mode: 'revise' },
    })
    expect(report.outcome).toBe('pull_request')
    expect(await loop.remote.show(BRANCH, 'earlier.txt')).toBe('earlier')
    expect(await loop.remote.show(BRANCH, 'later.txt')).toBe('more')
  })

  test('a pull request is reported without new commits when a resumed branch holds the work already', async () => {
    const loop = await Loop.start()
    await loop.remote.commit(BRANCH, { 'done.txt': 'done\n', 'CONTEXT.md': '## #12\n' })
    const report = await loop.complete('true', { session: { mode: 'resume' } })
    expect(report.outcome).toBe('pull_request')
  })

  test('the session fails when a revision changes nothing', async () => {
    const loop = await Loop.start()
    await loop.remote.commit(BRANCH, { 'done.txt': 'done\n' })
    const report = await loop.complete('true', { session: { mode: 'revise' } })
    expect(report).toMatchObject({ outcome: 'failed', summary: expect.stringContaining('no commits') })
  })

  test('work starts at a commit when the base is its id', async () => {
    const loop = await Loop.start()
    const base = await loop.remote.git('rev-parse', 'main')
    await loop.remote.commit('main', { 'newer.txt': 'newer\n' })
    await loop.complete('test ! -e newer.txt && echo hello > greeting.txt', { git: { base } })
    expect(await loop.remote.git('merge-base', 'main', BRANCH)).toBe(base)
  })

  test('the session fails with the name of the base when it is gone', async () => {
    const loop = await Loop.start()
    const report = await loop.complete('true', { git: { base: 'develop' } })
    expect(report.summary).toBe('The base develop is not in the repository.')
    expect(await loop.sessions()).toEqual([])
  })

  test('the session fails with the words of git when the project cannot be fetched', async () => {
    const loop = await Loop.start()
    loop.remote.status = 403
    const report = await loop.complete('true')
    expect(report).toMatchObject({ outcome: 'failed', summary: expect.stringContaining('403') })
  })

  test.each(['--upload-pack=x', 'a..b', 'with space', ''])(
    'the session fails when the branch is %j',
    async (branch) => {
      const loop = await Loop.start()
      const report = await loop.complete('true', { git: { branch } })
      expect(report.summary).toBe(`Not a branch name: ${JSON.stringify(branch)}.`)
    },
  )
})

describe('the commands of the project', () => {
  test('what workspace.setup makes is there for the program and is not committed', async () => {
    const loop = await Loop.start()
    const report = await loop.complete('cat node_modules/dep/index.js > greeting.txt', {
      workspace: { setup: 'mkdir -p node_modules/dep && echo dep > node_modules/dep/index.js' },
    })
    expect(report.outcome).toBe('pull_request')
    expect(await loop.remote.git('ls-tree', '--name-only', BRANCH)).toBe(
      'CONTEXT.md\nREADME.md\ngreeting.txt',
    )
  })

  test('the session fails with the end of the output when workspace.setup fails', async () => {
    const loop = await Loop.start()
    const report = await loop.complete('echo hello > greeting.txt', {
      workspace: { setup: 'echo cannot install >&2; exit 3' },
    })
    expect(report).toMatchObject({ outcome: 'failed' })
    expect(report.summary).toBe(
      'The command workspace.setup failed: exit status 3.\n\nThe end of its output:\n\ncannot install',
    )
    expect(await loop.remote.git('branch', '--list', 'agent/*')).toBe('')
  })

  test('the session fails and the work is pushed when workspace.verify fails', async () => {
    const loop = await Loop.start()
    const report = await loop.complete('echo hello > greeting.txt', {
      workspace: { verify: 'echo junk > coverage.txt; echo 1 test failed; exit 1' },
    })
    expect(report.outcome).toBe('failed')
    expect(report.summary).toContain('verify failed: exit status 1')
    expect(report.summary).toContain('1 test failed')
    expect(report.summary).toContain('1 commit was pushed')
    expect(await loop.remote.git('ls-tree', '--name-only', BRANCH)).toBe('README.md\ngreeting.txt')
  })
})

describe('a session that goes wrong', () => {
  test('the end of the output is reported without secrets when the program fails', async () => {
    const loop = await Loop.start()
    const report = await loop.complete(
      `echo half > half.txt; printf '\\033[31mred\\033[0m ghp_%036d\\n' 1; echo boom >&2; exit 4`,
    )
    expect(report.outcome).toBe('failed')
    expect(report.summary).toContain('The program failed: exit status 4.')
    expect(report.summary).toContain('red [redacted: GitHub token]\nboom')
    expect(await loop.remote.show(BRANCH, 'half.txt')).toBe('half')
  })

  test('the signal is named when the program is killed with SIGKILL', async () => {
    const loop = await Loop.start()
    const report = await loop.complete('kill -9 $$')
    expect(report).toMatchObject({ outcome: 'failed', summary: 'The program failed: killed by SIGKILL.' })
  })

  test('the session fails when the program succeeds and there are no commits', async () => {
    const loop = await Loop.start()
    const report = await loop.complete('true')
    expect(report).toMatchObject({ outcome: 'failed', summary: expect.stringContaining('no commits') })
    expect(await loop.remote.git('branch', '--list', 'agent/*')).toBe('')
  })

  test.each([
    ['{"tokens":{"input":-1}}', 'tokens.input'],
    ['{"outcome":"victory"}', 'outcome'],
    ['{"colour":"red"}', 'colour'],
    ['not json', 'not JSON'],
  ])('the field is named when the usage file is %s', async (content, named) => {
    const loop = await Loop.start()
    const report = await loop.complete(
      `echo hello > greeting.txt; echo '${content}' > "$MISSION_CONTROL_USAGE_FILE"`,
    )
    expect(report.outcome).toBe('failed')
    expect(report.summary).toContain('usage file (MISSION_CONTROL_USAGE_FILE) is invalid')
    expect(report.summary).toContain(named)
    expect(await loop.remote.show(BRANCH, 'greeting.txt')).toBe('hello')
  })

  test.each(['mkfifo "$MISSION_CONTROL_USAGE_FILE"', 'ln -s /etc/passwd "$MISSION_CONTROL_USAGE_FILE"'])(
    'the session fails and is not held up when the program runs %s',
    async (command) => {
      const loop = await Loop.start()
      const report = await loop.complete(command)
      expect(report).toMatchObject({ outcome: 'failed', summary: expect.stringContaining('is invalid') })
    },
  )

  test('what the remote said is reported when it refuses the push', async () => {
    const loop = await Loop.start()
    await loop.remote.refuse('Mission Control: line 3 of a.pem holds a private key')
    const report = await loop.complete('echo key > a.pem')
    expect(report.outcome).toBe('failed')
    expect(report.summary).toBe(
      'The push was refused: Mission Control: line 3 of a.pem holds a private key\n(pre-receive hook declined).',
    )
  })

  test('the session fails with the words of git when the program removed the working copy', async () => {
    const loop = await Loop.start()
    const report = await loop.complete('rm -rf "$PWD"')
    expect(report).toMatchObject({
      outcome: 'failed',
      summary: expect.stringContaining('could not be saved'),
    })
  })

  test('the session fails when workspace.setup removed the working copy', async () => {
    const loop = await Loop.start()
    const report = await loop.complete('true', { workspace: { setup: 'rm -rf "$PWD"' } })
    expect(report).toMatchObject({
      outcome: 'failed',
      summary: expect.stringContaining('working copy is gone'),
    })
  })

  test('the last usage that could be read is reported when the program broke its usage file', async () => {
    const loop = await Loop.start()
    const usage = `echo '{"tokens":{"input":3}}' > "$MISSION_CONTROL_USAGE_FILE"`
    const seen = 'while [ ! -e "$HOME/go" ]; do sleep 0.02; done'
    await loop.runner(`${usage}; ${seen}; echo '{' > "$MISSION_CONTROL_USAGE_FILE"`)
    await loop.server.connected(1)
    loop.server.assign(loop.assignment())
    await loop.server.next('progress', ({ report }) => report.tokens?.input === 3)
    await writeFile(join(loop.workDir, 'sessions', '7', 'home', 'go'), '')
    expect((await loop.server.next('complete')).report.usage.tokens.input).toBe(3)
  })

  test('the work is saved when a git of the program was killed and left its lock', async () => {
    const loop = await Loop.start()
    const report = await loop.complete(
      'echo hello > greeting.txt; touch "$(git rev-parse --git-dir)/index.lock"',
    )
    expect(report.outcome).toBe('pull_request')
  })
})
