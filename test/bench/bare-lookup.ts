import { http } from '@google-cloud/functions-framework';
import { v1 } from '@google-cloud/datastore';
import { connection } from '#shared/datastore/connection.ts';

/*
 * The lower bound for reads: functions-framework, Google's generated client, and one look-up of the instance that the
 * path names. No authentication, no rate limits, no VM, no log line.
 */
const projectId = process.env['GOOGLE_CLOUD_PROJECT'] ?? '';
const client = new v1.DatastoreClient(connection(process.env['DATASTORE_EMULATOR_HOST']));

http('bare_lookup', async (request, response) => {
  const name = request.path.slice(request.path.lastIndexOf('/') + 1);
  const key = { partitionId: { projectId }, path: [{ kind: 'Instance', name }] };
  const [{ found }] = await client.lookup({ projectId, keys: [key] });
  const status = found?.[0]?.entity?.properties?.['status']?.stringValue;
  response.status(status === undefined ? 404 : 200).json({ id: name, status });
});
