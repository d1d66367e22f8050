/*
 * The formats of our credentials and project ids. `npm run accounts` generates no others, so sign-in rejects a
 * credential of another format without a look-up.
 */

export const API_KEY_ID = /^ak_live_[a-z0-9]{16}$/;
/** 256 random bits. */
export const API_KEY_SECRET = /^sk_[A-Za-z0-9_-]{43}$/;
/** 256 random bits. */
export const SESSION_TOKEN = /^cs_[A-Za-z0-9_-]{43}$/;
export const PROJECT_ID = /^proj_[a-z0-9]{12,32}$/;
