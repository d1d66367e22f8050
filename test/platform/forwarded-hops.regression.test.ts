import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Finished } from '#scripts/deploy/programs.ts';
import { checkFunctions } from '#scripts/platform/doctor/function-checks.ts';
import type { DoctorTools, LogLine, Probed } from '#scripts/platform/doctor/finding.ts';
import { probeHops } from '#scripts/platform/doctor/hops-probe.ts';
import { publicAddress } from '#scripts/platform/doctor/project-probe.ts';

/*
 * The doctor noticed FORWARDED_HOPS only if it was too large: a function that takes the gateway for the caller counts the
 * failed sign-ins of all callers together, and nothing said so.
 */

/** A gateway that answers 401, and remembers the ids of the requests and their X-Forwarded-For. */
async function aGateway() {
  const asked: { readonly id: string; readonly forwardedFor: unknown }[] = [];
  const server = createServer(({ headers }, response) => {
    asked.push({ id: String(headers['x-request-id']), forwardedFor: headers['x-forwarded-for'] });
    response.writeHead(401).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { asked, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function probed(address: string, lines: readonly (readonly LogLine[])[]): Promise<Probed> {
  let look = 0;
  return probeHops({
    address,
    requestId: 'probe',
    linesOf: async () => lines[look++] ?? [],
    patience: { looks: 3, pauseMs: 0 },
    sleep: async () => undefined,
  });
}

/** The doctor's findings about functions. */
function findings(probe: DoctorTools['probe']) {
  return checkFunctions({ probe, logLines: () => [], deployCommand: 'npm run deploy' } as unknown as DoctorTools);
}

const seen = (proxies: number, hops: number) => findings(async () => ({ status: 401, seen: { proxies, hops } }));

describe('the doctor', () => {
  test('finds FORWARDED_HOPS that is too small, and one that is too large, and names the right number', async () => {
    expect(await seen(2, 2)).toEqual([]);
    const [small] = await seen(2, 1);
    const [large] = await seen(3, 4);

    expect(small).toMatchObject({ severity: 'fault', finding: expect.stringContaining('smaller') as string });
    expect(small?.repair).toContain('with FORWARDED_HOPS 2');
    expect(large).toMatchObject({ severity: 'fault', finding: expect.stringContaining('larger') as string });
    expect(large?.repair).toContain('with FORWARDED_HOPS 3');
  });

  test('finds a gateway whose function does not answer, and calls what it cannot find out a notice', async () => {
    const unknown = () => findings(async () => Promise.reject(new Error('no permission.')));

    expect(await findings(async () => ({ status: 503, seen: undefined }))).toMatchObject([
      { severity: 'fault', finding: expect.stringContaining('answered 503 instead of 401') as string },
    ]);
    expect(await findings(async () => ({ status: 429, seen: undefined }))).toMatchObject([{ severity: 'notice' }]);
    expect(await unknown()).toMatchObject([
      { severity: 'notice', finding: 'Whether FORWARDED_HOPS fits is not known: no permission.' },
    ]);
    expect(await findings(async () => undefined)).toEqual([]);
  });
});

describe('the probe', () => {
  test('claims no address, waits for log lines, and believes the request with the most entries', async () => {
    const { asked, address } = await aGateway();
    const line = (forwardedEntries: number): LogLine => ({ forwardedEntries, forwardedHops: 1 });

    // API Gateway may leave out the caller's address.
    const found = await probed(address, [[], [line(1)], [line(1), line(2), line(1)]]);

    expect(found).toEqual({ status: 401, seen: { proxies: 2, hops: 1 } });
    expect(asked).toEqual(['probe-0', 'probe-1', 'probe-2'].map((id) => ({ id, forwardedFor: undefined })));
  });

  test('does not know what no line says, and says where nothing answers', async () => {
    const { address } = await aGateway();

    expect(await probed(address, [])).toEqual({ status: 401, seen: undefined });
    await expect(probed('http://127.0.0.1:9', [])).rejects.toThrow(/http:\/\/127\.0\.0\.1:9 does not answer \(/);
  });
});

describe('the address of a project', () => {
  function addressWith(answers: Readonly<Record<string, unknown>>): Promise<string> {
    const gcloud = async ([service = '']: readonly string[]): Promise<Finished> => {
      const answer = answers[service];
      if (answer === undefined) return { code: 1, stdout: '', stderr: 'denied' };
      return { code: 0, stdout: JSON.stringify(answer), stderr: '' };
    };
    return publicAddress({ project: 'p', environment: 'staging', gcloud });
  }

  const gateways = [
    { name: 'projects/p/locations/l/gateways/production-compute-api', defaultHostname: 'other.invalid' },
    { name: 'projects/p/locations/l/gateways/staging-compute-api', defaultHostname: 'gateway.invalid' },
  ];
  const certificate = { name: 'staging-compute-api-0a1b2c3d', managed: { domains: ['api.invalid'] } };

  test("is the environment's domain, because its load balancer is a proxy too, or else the gateway's own name", async () => {
    const others = [{ name: 'staging-compute-api-old', managed: { domains: ['old.invalid'] } }, { name: 'x' }];

    expect(await addressWith({ compute: [...others, certificate], 'api-gateway': gateways })).toBe(
      'https://api.invalid',
    );
    expect(await addressWith({ compute: others, 'api-gateway': gateways })).toBe('https://gateway.invalid');
  });

  test('is not guessed where it cannot be read', async () => {
    await expect(addressWith({ compute: [] })).rejects.toThrow('gcloud api-gateway gateways list fails: denied');
    await expect(addressWith({ compute: [], 'api-gateway': [] })).rejects.toThrow('no gateway staging-compute-api');
  });
});
