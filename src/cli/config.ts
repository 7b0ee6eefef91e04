import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { parseRepositoryConfig, REPOSITORY_CONFIG_PATH } from '../protocol/repository-config-file.ts'

export function configCommand(): Command {
  const check = new Command('check')
    .description('checks a repository config file; the exit status is 1 when it is wrong')
    .argument('[file]', 'the file', REPOSITORY_CONFIG_PATH)
    .action(async (file: string) => {
      const parsed = parseRepositoryConfig(await readFile(file, 'utf8'))
      if (parsed.ok) {
        console.log(`${file} is valid.`)
        return
      }
      console.error(`${file}:${parsed.line}:${parsed.column} ${parsed.message}`)
      process.exitCode = 1
    })
  return new Command('config').description('works on repository config files').addCommand(check)
}
