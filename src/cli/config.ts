import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { parseRepositoryConfig, REPOSITORY_CONFIG_PATH } from '../protocol/repository-config-file.ts'

/** sysexits.h: an input file cannot be read. */
const EX_NOINPUT = 66

export function configCommand(): Command {
  const check = new Command('check')
    .description(
      'checks a repository config file; the exit status is 1 when it is wrong, 66 when it cannot be read',
    )
    .argument('[file]', 'the file', REPOSITORY_CONFIG_PATH)
    .action(async (file: string) => {
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => error)
      if (text instanceof Error) {
        console.error(`${file} cannot be read: ${text.message}`)
        process.exitCode = EX_NOINPUT
        return
      }
      const parsed = parseRepositoryConfig(text)
      if (parsed.ok) {
        console.log(`${file} is valid.`)
        return
      }
      console.error(`${file}:${parsed.line}:${parsed.column} ${parsed.message}`)
      process.exitCode = 1
    })
  return new Command('config').description('works on repository config files').addCommand(check)
}
