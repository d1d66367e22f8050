import { Type } from 'typebox';
import { Operation } from './schemas.ts';

const nextCursor = Type.Union([Type.String(), Type.Null()], {
  description: 'Send it as `cursor` to read on; null at the end.',
});

export const OperationPage = Type.Object(
  { operations: Type.Array(Operation, { description: 'Newest first; empty when nothing matches.' }), nextCursor },
  { title: 'OperationPage', description: 'One page of operations.' },
);

export const AdminOperation = Type.Object(
  {
    ...Operation.properties,
    customerId: Type.String({ description: 'Customer whose instance it is about.' }),
    userId: Type.String({ description: 'User who asked for it; the name of the part of the service otherwise.' }),
    requestId: Type.String({ description: 'Id of the request that asked for it.' }),
  },
  { title: 'AdminOperation', description: 'One accepted change of one instance, as administrators see it.' },
);

export const AdminOperationPage = Type.Object(
  { operations: Type.Array(AdminOperation, { description: 'Newest first; empty when nothing matches.' }), nextCursor },
  { title: 'AdminOperationPage', description: 'One page of operations of all customers.' },
);
