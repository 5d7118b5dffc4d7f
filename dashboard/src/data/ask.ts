/** Requests: a document by its function, and rows that a person changes. All of them under Row Level Security. */

import { client } from '../client'
import { session } from '../session.svelte'
import { AskError, troubleOf, troubleOfCall } from './troubles'

const LONGEST_MS = 15_000

type Answer = { data: unknown; error: { code?: string; message: string } | null; status: number }

/** Return the document of a function. It is POSTed: supabase-js tries a GET again for 7 s before it says a word. */
export async function ask<T>(name: string, args: Record<string, unknown>, signal: AbortSignal): Promise<T> {
  const once = async () => {
    return checked(await client.rpc(name, args).abortSignal(within(LONGEST_MS, signal))) as T
  }
  try {
    return await once()
  } catch (error) {
    if (!isOfSession(error)) throw error
  }
  // A token may have been revoked or have expired on the way: one new token, one more try.
  await session.renew()
  try {
    return await once()
  } catch (error) {
    if (isOfSession(error)) await session.end('token_refused')
    throw error
  }
}

/** Change one row by its id. Raises AskError(forbidden) if no row was changed, which is how RLS refuses. */
export async function change(table: string, id: number, values: Record<string, unknown>): Promise<void> {
  const rows = checked(await client.from(table).update(values).eq('id', id).select('id').abortSignal(within(LONGEST_MS)))
  if ((rows as unknown[]).length === 0) throw new AskError('forbidden', `${table} ${id}`)
}

/** Add one row. */
export async function add(table: string, values: Record<string, unknown>): Promise<void> {
  checked(await client.from(table).insert(values).abortSignal(within(LONGEST_MS)))
}

/** Call one of plantpulse's functions as the person who is signed in. Raises AskError if it did not do what it was asked for. Return how it ended. */
export async function call(url: string, body: Record<string, unknown>): Promise<unknown> {
  const { data } = await client.auth.getSession()
  let reply: Response
  try {
    reply = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${data.session?.access_token ?? ''}` },
      body: JSON.stringify(body),
      signal: within(90_000),
    })
  } catch (error) {
    throw new AskError(troubleOf(0, '', String(error)) === 'slow' ? 'slow_function' : 'no_function', String(error))
  }
  // A proxy before the function may answer with anything.
  const answer = (await reply.json().catch(() => null)) as { outcome?: unknown; error?: { message?: unknown } | null } | null
  if (reply.ok) return answer?.outcome
  throw new AskError(troubleOfCall(reply.status, answer?.outcome), String(answer?.error?.message ?? `HTTP ${reply.status}`))
}

/** Return a signal that aborts after a while, or with another one. Browsers of older screens have no AbortSignal.timeout and .any. */
function within(ms: number, other?: AbortSignal): AbortSignal {
  const ending = new AbortController()
  const abort = () => ending.abort()
  setTimeout(() => (abort(), other?.removeEventListener('abort', abort)), ms)
  other?.addEventListener('abort', abort)
  if (other?.aborted) abort()
  return ending.signal
}

function isOfSession(error: unknown): boolean {
  return error instanceof AskError && error.trouble === 'session'
}

function checked({ data, error, status }: Answer): unknown {
  if (error) throw new AskError(troubleOf(status, error.code ?? '', error.message), error.message || String(status))
  return data
}
