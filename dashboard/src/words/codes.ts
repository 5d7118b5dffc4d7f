/** What alerts, pipelines and error codes are called, and what to do about them; the same words as in the messages of alerts. */

import alerts from './alerts.json'
import { fill } from './fill'
import { clip, reader } from './reader.svelte'

type Words = Record<'what' | 'do' | 'value' | 'pipeline', Record<string, string>>
type Named = { rule: string; scope: string; facts: Record<string, unknown> }

const mine = (): Words => alerts[reader.language]

/** Return what an error code or a state means; the code itself if it has no words. */
export function codeWords(code: string): string {
  return mine().value[code] ?? clip(code, 60)
}

/** Return what a pipeline is called where it stands alone, without its article; the code itself if it has no words. */
export function pipelineName(code: string): string {
  const name = (mine().pipeline[code] ?? clip(code, 80)).replace(/^(the|der|die|das) /, '')
  return name.charAt(0).toUpperCase() + name.slice(1)
}

/** Return what a run warns of; the code itself where it has no words, or where they need more than the pipeline. */
export function warningWords(code: string, pipeline: string): string {
  const title = code in mine().what ? alertTitle({ rule: code, scope: pipeline, facts: {} }) : '?'
  return title.includes('?') ? clip(code, 60) : title
}

/** Return what to do about an alert; empty if there are no words. */
export function whatToDo(rule: string): string {
  return mine().do[rule] ?? ''
}

/** Return an alert in a few words; a fact that is missing is a question mark. */
export function alertTitle({ rule, scope, facts }: Named): string {
  const { what, value, pipeline } = mine()
  const code = String(facts.error ?? '?')
  const known: Record<string, string> = { error: value[code] ?? clip(code, 60), pipeline: pipeline[scope] ?? clip(scope, 80) }
  for (const [name, fact] of Object.entries(facts)) known[name] ??= clip(spoken(fact), 80)
  const title = fill(what[rule] ?? rule, known).replace(/\{\w+\}/g, '?')
  return title.charAt(0).toUpperCase() + title.slice(1)
}

/** Some facts come in each language. */
function spoken(fact: unknown): string {
  const texts = fact as Record<string, unknown> | null
  return String(texts && typeof texts === 'object' ? (texts[reader.language] ?? JSON.stringify(fact)) : fact)
}
