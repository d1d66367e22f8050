import { bidMachine } from '#shared/actions/bid-machine.ts';
import { bidLogin } from '#shared/actions/bid-login.ts';
import { placeBid } from '#shared/actions/place-bid.ts';
import { endpoint } from '#endpoints/fleet-spot-bids-create.ts';
import { presentBid } from '#shared/families/fleet/present-bid.ts';
import { toBidWish } from '#shared/families/fleet/to-bid-request.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  open: openPublisher,
  handle: ({ body, ...call }, tools) => {
    const wish = toBidWish(body);
    const { caller } = call;
    return placeBid(
      {
        ...call,
        idPrefix: tools.configuration.instanceIdPrefix,
        wish,
        body,
        machine: () =>
          bidMachine(
            {
              ...wish,
              customerId: caller.customerId,
              kubernetesCluster: body.launch_specification.kubernetes_cluster ?? null,
              login: () => bidLogin({ caller, project: wish.project, sshKeys: wish.launch.sshKeys }, tools.store),
            },
            tools.catalog,
          ),
        answer: (bid) => ({ status: 201, body: presentBid(bid) }),
      },
      tools,
    );
  },
});
