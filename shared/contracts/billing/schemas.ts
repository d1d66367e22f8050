import { Type } from 'typebox';

// Keyed by service, so that further services can be added; clients must accept unknown ones.

const customerId = Type.String({ description: 'Customer it is about.' });
const tierName = Type.String({ description: "Name of the customer's tier.", examples: ['pro'] });
const value = Type.Integer({ description: '-1: unlimited; 0: disabled.', minimum: -1 });
const described = Type.String({ description: 'What it limits.' });

export const Quotas = Type.Object(
  {
    customerId,
    tierName,
    quotas: Type.Object(
      {
        'compute-api': Type.Object(
          {
            max_instances: Type.Object(
              { value, description: described },
              { description: 'Instances that can exist at the same time, stopped ones too.' },
            ),
          },
          { description: 'Quotas of this service.' },
        ),
      },
      { description: 'Quotas by service.' },
    ),
  },
  { title: 'Quotas', description: 'How much you can have.' },
);

export const Limits = Type.Object(
  {
    customerId,
    tierName,
    limits: Type.Object(
      {
        'compute-api': Type.Record(
          Type.String(),
          Type.Object({
            value,
            window: Type.Literal('minute', { description: 'Time in which they are counted.' }),
            description: described,
          }),
          { description: 'Requests per minute, by operation: `create_per_minute`, …' },
        ),
      },
      { description: 'Limits by service.' },
    ),
  },
  { title: 'Limits', description: 'How often you can ask.' },
);

const usageFields = {
  featureKey: Type.String({ description: 'Key of the quota or limit.', examples: ['max_instances'] }),
  currentUsage: Type.Integer({ description: 'What is used now.', minimum: 0 }),
  limit: value,
  remaining: Type.Integer({ description: 'What is left; -1 when unlimited.', minimum: -1 }),
};
const serviceName = Type.String({ description: 'Name of the service for people.' });
const totalFeatures = Type.Integer({ description: 'Number of features that are listed.', minimum: 0 });
const fetchedAt = Type.String({ description: 'When it was counted, in UTC.', format: 'date-time' });

export const QuotaUsage = Type.Object(
  {
    customerId,
    services: Type.Object(
      {
        'compute-api': Type.Object(
          {
            serviceName,
            features: Type.Array(Type.Object(usageFields), { description: 'One entry per quota.' }),
          },
          { description: 'Usage of this service.' },
        ),
      },
      { description: 'Usage by service.' },
    ),
    totalFeatures,
    fetchedAt,
  },
  { title: 'QuotaUsage', description: 'How much you have.' },
);

export const LimitUsage = Type.Object(
  {
    customerId,
    identifier: Type.String({ description: 'Who is counted.' }),
    identifierType: Type.String({ description: 'What the identifier is.', examples: ['customer'] }),
    services: Type.Object(
      {
        'compute-api': Type.Object(
          {
            serviceName,
            features: Type.Array(
              Type.Object({
                ...usageFields,
                window: Type.Literal('minute', { description: 'Time in which requests are counted.' }),
                resetAt: Type.Integer({ description: 'When counting begins anew, in Unix seconds.', minimum: 0 }),
                isLocked: Type.Boolean({ description: 'Whether the next request would be refused.' }),
                tierName,
              }),
              { description: 'One entry per limit.' },
            ),
          },
          { description: 'Usage of this service.' },
        ),
      },
      { description: 'Usage by service.' },
    ),
    totalFeatures,
    fetchedAt,
  },
  { title: 'LimitUsage', description: 'How often you have asked.' },
);

const service = Type.String({ description: 'Service.', examples: ['compute-api'] });
const usageOfLimit = {
  window: Type.Literal('minute', { description: 'Time in which requests are counted.' }),
  resetAt: Type.Integer({ description: 'When counting begins anew, in Unix seconds.', minimum: 0 }),
  isLocked: Type.Boolean({ description: 'Whether the next request would be refused.' }),
  tierName,
};

export const ServiceQuotas = Type.Object(
  {
    customerId,
    tierName,
    service,
    quotas: Type.Record(Type.String(), Type.Object({ value, description: described }), {
      description: 'Quotas by feature.',
    }),
  },
  { title: 'ServiceQuotas', description: 'Quotas of one service.' },
);

export const ServiceLimits = Type.Object(
  {
    customerId,
    tierName,
    service,
    limits: Type.Record(Type.String(), Type.Object({ value, window: usageOfLimit.window, description: described }), {
      description: 'Rate limits by feature.',
    }),
  },
  { title: 'ServiceLimits', description: 'Rate limits of one service.' },
);

export const FeatureValue = Type.Object(
  {
    customerId,
    tierName,
    service,
    feature: Type.String({ description: 'Key of the quota or limit.', examples: ['max_instances'] }),
    value,
    window: Type.Optional(usageOfLimit.window),
    description: described,
  },
  { title: 'FeatureValue', description: 'One quota or rate limit.' },
);

export const FeatureUsage = Type.Object(
  { customerId, ...usageFields, ...usageOfLimit },
  { title: 'FeatureUsage', description: 'How often you have asked for one thing.' },
);

/** The schemas that the OpenAPI documents reference by name; the names are their titles. */
export const BILLING_SCHEMAS = {
  FeatureUsage,
  FeatureValue,
  Limits,
  LimitUsage,
  QuotaUsage,
  Quotas,
  ServiceLimits,
  ServiceQuotas,
} as const;
