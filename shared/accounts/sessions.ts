import { type Session, SESSION } from '#shared/datastore/account-rows.ts';
import { ALL_SESSIONS, SESSIONS_OF_USER } from '#shared/datastore/queries.ts';
import { insert, ref, replace, type Row } from '#shared/datastore/write.ts';
import { SESSION_TOKEN } from '#shared/domain/credential-forms.ts';
import { changedMembers } from '#shared/domain/audit.ts';
import { Failure } from '#shared/domain/failure.ts';
import { type AccountsContext, audited, type ListOptions, type ListPage } from './accounts-context.ts';
import { newSessionToken, secretHash, SESSION_ID } from './credential-text.ts';
import { everyRow, listRows } from './list-rows.ts';
import { getUser } from './users.ts';

export interface NewSession {
  readonly userId: string;
  /** Time from now until the session expires. */
  readonly ttlMs: number;
  /** An existing token that is to be imported. Importing the same one again renews the session's expiry. */
  readonly token?: string;
}

/** A session and its token, which is not stored. */
export interface IssuedSession {
  readonly id: string;
  readonly row: Session;
  readonly token: string;
}

/**
 * Creates a session. Throws `not_found` for an unknown user, `conflict` when a given token belongs to another user or
 * was revoked.
 */
export async function createSession(context: AccountsContext, wanted: NewSession): Promise<IssuedSession> {
  const token = wanted.token ?? newSessionToken(context.random);
  if (!SESSION_TOKEN.test(token)) {
    throw new Failure('invalid_request', 'A given token is cs_ and 43 base64url characters.');
  }
  const id = secretHash(token);
  const nowMs = context.clock.nowMs();
  return context.store.change(async () => {
    const [user, existing] = await Promise.all([getUser(context, wanted.userId), context.store.get(ref(SESSION, id))]);
    const row: Session = {
      userId: user.value.id,
      customerId: user.value.customerId,
      createdAtMs: existing?.value.createdAtMs ?? nowMs,
      expiresAtMs: nowMs + wanted.ttlMs,
      revokedAtMs: null,
    };
    const result = { id, row, token };
    const entry = audited(context, {
      action: 'session.create',
      object: `session ${id}`,
      before: existing === undefined ? null : { ...existing.value },
      after: { ...row },
    });
    if (existing === undefined) return { writes: [insert(SESSION, id, row), entry], result };
    if (existing.value.userId !== row.userId || existing.value.revokedAtMs !== null) {
      throw new Failure('conflict', 'That token was used before.', { reason: 'already_exists' });
    }
    return { writes: [replace(existing, row), entry], result };
  });
}

/** Lists all sessions, or those of a user, sorted by id; expired ones are included until Datastore deletes them. */
export function listSessions(
  context: Pick<AccountsContext, 'store'>,
  options: ListOptions & { readonly userId?: string },
): Promise<ListPage<Row<Session>>> {
  return listRows(context, { all: ALL_SESSIONS, only: SESSIONS_OF_USER }, options.userId, options);
}

/**
 * Revokes a session; a session that was revoked before is left unchanged. Takes effect within a minute. Throws
 * `not_found`.
 */
export async function revokeSession(context: AccountsContext, id: string): Promise<Session> {
  const nowMs = context.clock.nowMs();
  return context.store.change(async () => {
    const row = SESSION_ID.test(id) ? await context.store.get(ref(SESSION, id)) : undefined;
    if (row === undefined) {
      // The input is not repeated in the message, because it may be a token.
      throw new Failure(
        'not_found',
        'There is no session of that id: ids are 64 hex digits, as `sessions list` shows them.',
        {
          reason: 'unknown_session',
        },
      );
    }
    if (row.value.revokedAtMs !== null) return { writes: [], result: row.value };
    const value = { ...row.value, revokedAtMs: nowMs };
    const entry = audited(context, {
      action: 'session.revoke',
      object: `session ${id}`,
      ...changedMembers(row.value, value),
    });
    return { writes: [replace(row, value), entry], result: value };
  });
}

/** Revokes all valid sessions of a user and returns their number. Throws `not_found`. */
export async function revokeSessionsOf(context: AccountsContext, userId: string): Promise<number> {
  await getUser(context, userId);
  const nowMs = context.clock.nowMs();
  let count = 0;
  for await (const rows of everyRow(context, SESSIONS_OF_USER, { userId: { stringValue: userId } })) {
    for (const row of rows) {
      if (sessionState(row.value, nowMs) !== 'valid') continue;
      await revokeSession(context, row.id);
      count += 1;
    }
  }
  return count;
}

/** Returns whether a session is valid at present. */
export function sessionState(
  session: Pick<Session, 'expiresAtMs' | 'revokedAtMs'>,
  nowMs: number,
): 'valid' | 'revoked' | 'expired' {
  if (session.revokedAtMs !== null) return 'revoked';
  return session.expiresAtMs <= nowMs ? 'expired' : 'valid';
}
