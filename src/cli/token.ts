import { Command, Option } from 'commander'
import type { Config } from '../config.ts'
import type { GitHub } from '../github/github.ts'
import { createGitHub } from '../github/github.ts'
import { rightSuffices } from '../github/repositories.ts'
import { createAgent, type NewAgent } from '../orchestrator/create-agent.ts'
import { AgentName } from '../protocol/assignment.ts'
import { createLogger } from '../runtime/logger.ts'
import { requireConfig, settingsHelp } from './settings.ts'
import { withStore } from './store.ts'

export interface TokenOptions {
  name: string
  owner: string
  provider: NewAgent['provider']
  capabilities: string[]
  project: string[]
  maxConcurrent: string
}

/** What could not be found or is not allowed; shown to the operator as it is. */
class TokenProblem extends Error {}

export function tokenCommand(): Command {
  return new Command('token')
    .description('makes an agent, claimed by its owner and connected to projects, and prints its key once')
    .requiredOption(
      '--name <name>',
      'lower-case letters, digits and dashes, at most 39; unique on this server',
    )
    .requiredOption('--owner <login>', 'the GitHub login of the person who answers for it')
    .addOption(
      new Option('--provider <provider>', 'what runs its sessions')
        .choices(['command', 'claude-code', 'codex', 'openclaw'])
        .default('command'),
    )
    .option('--capabilities <words...>', 'what it can do', ['coding'])
    .requiredOption('--project <owner/name...>', 'repositories in which the app is installed')
    .option('--max-concurrent <n>', 'sessions at once', '1')
    .addHelpText('after', settingsHelp())
    .action(async (options: TokenOptions) => {
      try {
        console.log(await makeToken(requireConfig(), options))
      } catch (error) {
        if (!(error instanceof TokenProblem)) throw error
        console.error(error.message)
        process.exitCode = 1
      }
    })
}

/** Makes the agent and answers its key. Throws `TokenProblem` when the name, the owner or a project is not right. */
export async function makeToken(config: Config, options: TokenOptions): Promise<string> {
  const name = AgentName.safeParse(options.name)
  if (!name.success) throw new TokenProblem(`--name: expected ${name.error.issues[0]?.message}`)
  const maxConcurrent = Number(options.maxConcurrent)
  if (!Number.isInteger(maxConcurrent) || maxConcurrent < 1 || maxConcurrent > 1000) {
    throw new TokenProblem('--max-concurrent: expected a number from 1 to 1000')
  }
  const logger = createLogger(config.logLevel === 'info' ? 'warn' : config.logLevel)
  const github = createGitHub({
    ...config.github,
    gitUrl: config.github.url,
    limits: { blockedUntil: async () => null, block: async () => {} },
    logger,
  })
  const { owner, projects } = await lookUp(github, options)
  return withStore(config, logger, async ({ db }) => {
    const made = await createAgent(db, { ...options, name: name.data, maxConcurrent, owner, projects })
    if (!made.ok) throw new TokenProblem(made.reason)
    return made.key
  })
}

async function lookUp(github: GitHub, options: TokenOptions): Promise<Pick<NewAgent, 'owner' | 'projects'>> {
  const projects: NewAgent['projects'] = []
  let owner: NewAgent['owner'] | null = null
  for (const project of options.project) {
    const [ownerLogin, repositoryName] = project.split('/')
    if (!ownerLogin || !repositoryName)
      throw new TokenProblem(`--project: expected owner/name, got ${project}`)
    const installation = await github.app.installationOf(ownerLogin, repositoryName)
    if (installation === null) throw new TokenProblem(`The app is not installed in ${project}.`)
    const account: NewAgent['owner'] | null =
      owner ?? (await github.app.account(installation.id, options.owner))
    if (account === null) throw new TokenProblem(`GitHub knows nobody named ${options.owner}.`)
    owner = account
    const at = { installationId: installation.id, owner: ownerLogin, name: repositoryName, repositoryId: 0 }
    const repository = await github.repositories.get(at)
    const right = await github.repositories.rightOf({ ...at, repositoryId: repository.id }, account)
    projects.push({
      ownerMayWrite: rightSuffices(right, 'write'),
      repository: {
        githubId: repository.id,
        installationId: installation.id,
        owner: repository.owner,
        ownerId: repository.ownerId,
        name: repository.name,
        private: repository.private,
        defaultBranch: repository.defaultBranch,
      },
    })
  }
  if (owner === null) throw new TokenProblem('--project: expected at least one repository')
  return { owner, projects }
}
