import { z } from 'zod'

/** Tokens that an answer says it used; `input` has what came from the cache beside it, as Anthropic counts. */
export const ScriptUsage = z.strictObject({
  input: z.int().min(0).default(1_000),
  output: z.int().min(0).default(100),
  cacheRead: z.int().min(0).default(200),
  cacheWrite: z.int().min(0).default(50),
})
export type ScriptUsage = z.infer<typeof ScriptUsage>

/** By name, because each protocol says them in its own words. */
export const FAULTS = [
  'rate-limit',
  'usage-limit',
  'out-of-credit',
  'overloaded',
  'server-error',
  'unauthorized',
  'hang',
  'cut',
  'garbage',
] as const
export type Fault = (typeof FAULTS)[number]

/**
 * One answer of the model. `shell` runs a command with the client's own shell tool, whatever its name; `fault` answers
 * wrongly instead; `repeat` (in the last step) says this again for ever.
 */
export const Step = z.strictObject({
  text: z.string().optional(),
  shell: z.string().optional(),
  usage: ScriptUsage.prefault({}),
  fault: z.enum(FAULTS).optional(),
  repeat: z.boolean().default(false),
})
export type Step = z.infer<typeof Step>

/** The first rule whose pattern is found in what the user said is played; an empty pattern is found in everything. */
export const Script = z.array(z.strictObject({ when: z.string().default(''), steps: z.array(Step).min(1) }))
export type Script = z.infer<typeof Script>
export type ScriptInput = z.input<typeof Script>

/** The answer when the script has none. */
export const NOTHING_TO_SAY: Step = Step.parse({ text: 'ok' })

/**
 * The step that answers a conversation: the number of answers that the model gave already says which. So the server
 * remembers nothing, conversations run side by side, and a client that asks again gets the same answer.
 */
export function chooseStep(script: Script, said: { user: string; answers: number }): Step {
  const rule = script.find(({ when }) => new RegExp(when, 's').test(said.user))
  const last = rule?.steps.at(-1)
  return rule?.steps[said.answers] ?? (last?.repeat ? last : NOTHING_TO_SAY)
}
