import { accountsLine } from '#scripts/accounts/accounts-line.ts';

process.exitCode = await accountsLine().run(process.argv.slice(2));
