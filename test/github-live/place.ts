import { z } from 'zod'

/** A GitHub, an app that is installed on a repository there, and a person with admin rights on it. */
export interface Place {
  /** Base of the REST API, without a slash at the end. */
  apiUrl: string
  /** Where repositories are cloned from. */
  serverUrl: string
  appId: number
  privateKey: string
  /** `owner/name`; issues, a branch and a pull request are made in it and closed again. */
  repository: string
  /** A token of a person who may administrate the repository. */
  personToken: string
}

const required = {
  TEST_GITHUB_APP_ID: z.coerce.number().int().positive(),
  TEST_GITHUB_PRIVATE_KEY: z.string().transform((text) => text.replaceAll('\\n', '\n')),
  TEST_GITHUB_REPOSITORY: z.string().regex(/^[^/\s]+\/[^/\s]+$/),
  TEST_GITHUB_PERSON_TOKEN: z.string().min(1),
}
const Settings = z.object({
  ...required,
  TEST_GITHUB_API_URL: z.url().default('https://api.github.com'),
  TEST_GITHUB_SERVER_URL: z.url().default('https://github.com'),
})

/** The place that the environment names; `null` when it names none. Throws when it names one by halves. */
export function placeOf(environment: Readonly<Record<string, string | undefined>>): Place | null {
  const given = Object.keys(required).filter((name) => environment[name])
  if (given.length === 0) return null
  const parsed = Settings.safeParse(environment)
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error))
  const { data } = parsed
  return {
    apiUrl: data.TEST_GITHUB_API_URL.replace(/\/+$/, ''),
    serverUrl: data.TEST_GITHUB_SERVER_URL.replace(/\/+$/, ''),
    appId: data.TEST_GITHUB_APP_ID,
    privateKey: data.TEST_GITHUB_PRIVATE_KEY,
    repository: data.TEST_GITHUB_REPOSITORY,
    personToken: data.TEST_GITHUB_PERSON_TOKEN,
  }
}
