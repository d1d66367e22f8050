/** Currency of every price of the catalogue: Compute Engine's list prices, which the operators start from, are in it. */
export const CURRENCY = 'USD';
