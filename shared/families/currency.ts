/** Currency of every price of the catalogue, the same as of Compute Engine's list prices. */
export const CURRENCY = 'USD';
