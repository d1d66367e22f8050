import { createInstance } from '#shared/actions/create-instance.ts';
import { keysForInstance } from '#shared/actions/keys-for-instance.ts';
import { specBlueprint } from '#shared/actions/spec-blueprint.ts';
import { endpoint } from '#endpoints/resource-instances-create.ts';
import { operationHeaders, presentCreated } from '#shared/families/resource/present.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openCompute } from '#shared/runtime/open-compute.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  open: (base) => ({ ...openCompute(base), ...openPublisher(base) }),
  handle: ({ body, ...call }, tools) => {
    const { customerId, projects } = call.caller;
    const project = projects[0] ?? '';
    const keysRequest = { caller: call.caller, project, ids: body.spec.ssh_key_ids };
    return createInstance(
      {
        ...call,
        idPrefix: tools.configuration.resourceIdPrefix,
        blueprint: () =>
          specBlueprint(
            {
              name: body.metadata.name,
              labels: body.metadata.labels ?? {},
              spec: body.spec,
              customerId,
              project,
              keys: () => keysForInstance(keysRequest, tools.store),
              ownLabel: tools.compute.label.name,
            },
            tools.store,
          ),
        answer: (instance, operation) => ({
          status: 201,
          headers: { location: `/v1/instances/${instance.id}`, ...operationHeaders(operation) },
          body: presentCreated(instance, operation),
        }),
      },
      tools,
    );
  },
});
