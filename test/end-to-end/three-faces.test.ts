import { expect, test } from 'vitest';
import { ComputeUser, QUICK_MACHINES } from '#test/support/compute-api.ts';
import { FleetUser, type ShownFleetInstance } from '#test/support/fleet-api.ts';
import { expectInvariants, settled } from '#test/support/invariants.ts';
import { startLocalCloud, type LocalCloudProcess } from '#test/support/local-cloud.ts';
import { ResourceUser, type ShownResource } from '#test/support/resource-api.ts';

interface ShownCompute {
  readonly id: string;
  readonly zone: string;
  readonly machineType: string;
  readonly externalIp: string;
  readonly internalIp: string;
  readonly status: string;
  readonly createdAt: string;
}

/** One instance as each family shows it to the same user. */
interface Faces {
  readonly compute: ShownCompute;
  readonly resource: ShownResource;
  readonly fleet: ShownFleetInstance;
}

async function facesOf(cloud: LocalCloudProcess, id: string): Promise<Faces> {
  const compute = await new ComputeUser(cloud, 'alice').get(id);
  const resource = await new ResourceUser(cloud, 'alice').ask('GET', `/v1/instances/${id}`);
  const { data } = await new FleetUser(cloud, cloud.connection.principals.alice).listed();
  expect([compute.status, resource.status]).toEqual([200, 200]);
  const fleet = data.find(({ fid }) => fid === `inst_${id}`);
  if (fleet === undefined) throw new Error(`inst_${id} is not in the fleet.`);
  return {
    compute: compute.body as ShownCompute,
    resource: resource.body as ShownResource,
    fleet,
  };
}

/** Expects that all three families show the same instance, each in its own words. */
function expectOne({ compute, resource, fleet }: Faces): void {
  expect([resource.id, fleet.fid]).toEqual([compute.id, `inst_${compute.id}`]);
  expect([resource.status.private_ip, fleet.private_ip]).toEqual([compute.internalIp, compute.internalIp]);
  expect([resource.status.public_ip, fleet.ssh_destination ?? '']).toEqual([compute.externalIp, compute.externalIp]);
  expect([resource.metadata.created_at, fleet.created_at]).toEqual([compute.createdAt, compute.createdAt]);
  expect(fleet.region).toBe(compute.zone);
  expect(compute.machineType).toBe(`zones/${compute.zone}/machineTypes/${fleet.instance_type.slice('it_'.length)}`);
  expect(fleet.name).toBe(resource.metadata.name);
}

test('an instance created through any family is the same through all three', async () => {
  const cloud = await startLocalCloud({ args: QUICK_MACHINES });
  const alice = new ComputeUser(cloud, 'alice');
  const fleet = new FleetUser(cloud, cloud.connection.principals.alice);
  const carol = new FleetUser(cloud, cloud.connection.principals.carol);

  const throughCompute = await alice.running();
  const created = await new ResourceUser(cloud, 'alice').create();
  expect(created).toMatchObject({ status: 201 });
  const throughResource = (created.body as ShownResource).id;
  await settled(cloud);

  const ids = [throughCompute, throughResource];
  for (const id of ids) {
    const faces = await facesOf(cloud, id);
    expectOne(faces);
    expect([faces.compute.status, faces.resource.status.state, faces.fleet.status]).toEqual([
      'RUNNING',
      'running',
      'STATUS_RUNNING',
    ]);
    for (const stranger of [
      await new ComputeUser(cloud, 'carol').get(id),
      await new ResourceUser(cloud, 'carol').ask('GET', `/v1/instances/${id}`),
      await carol.status(`inst_${id}`),
    ]) {
      expect(stranger).toMatchObject({ status: 404 });
    }
  }

  // A change made through one family is shown by the others.
  await fleet.updated(
    ids.map((id) => `inst_${id}`),
    'STATUS_PAUSED',
  );
  await settled(cloud);
  for (const id of ids) {
    const faces = await facesOf(cloud, id);
    expectOne(faces);
    expect([faces.compute.status, faces.fleet.status]).toEqual(['TERMINATED', 'STATUS_PAUSED']);
    expect((await alice.history(id))[0]).toMatchObject({ status: 'TERMINATED' });
  }
  await alice.delete(throughResource);
  await new ResourceUser(cloud, 'alice').ask('DELETE', `/v1/instances/${throughCompute}`);
  await settled(cloud);
  expect((await fleet.listed()).data).toEqual([]);
  const ends = (await fleet.statuses()).instances.map(({ instance_fid, events }) => [
    instance_fid,
    events.at(-1)?.status,
  ]);
  expect(Object.fromEntries(ends)).toEqual(Object.fromEntries(ids.map((id) => [`inst_${id}`, 'STATUS_TERMINATED'])));
  await expectInvariants(cloud);
});
