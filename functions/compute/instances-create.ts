import { createInstance } from '#shared/actions/create-instance.ts';
import { keysForInstance } from '#shared/actions/keys-for-instance.ts';
import { templateBlueprint } from '#shared/actions/template-blueprint.ts';
import { endpoint } from '#endpoints/compute-instances-create.ts';
import { operationHeaders, presentCreated } from '#shared/families/compute/present.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openCompute } from '#shared/runtime/open-compute.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  open: (base) => ({ ...openCompute(base), ...openPublisher(base) }),
  handle: ({ body, ...call }, tools) => {
    const project = call.caller.projects[0] ?? '';
    const keysRequest = { caller: call.caller, project, ids: body.ssh_key_ids };
    return createInstance(
      {
        ...call,
        idPrefix: tools.configuration.instanceIdPrefix,
        blueprint: () =>
          templateBlueprint(
            {
              templateId: body.template_id ?? body.templateID ?? '',
              configId: body.config_id,
              zone: body.zone,
              project,
              keys: () => keysForInstance(keysRequest, tools.store),
            },
            tools.catalog,
          ),
        answer: (instance, operation) => ({
          status: 201,
          headers: { location: `/api/compute/v1/instances/${instance.id}`, ...operationHeaders(operation) },
          body: presentCreated(instance, operation),
        }),
      },
      tools,
    );
  },
});
