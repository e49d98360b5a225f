/** Returns an order with its total: cents, so that nothing is rounded twice. */
export function priced(order) {
  if (!Array.isArray(order?.items)) {
    throw new Error("it must be {customer, items: [{name, count, cents}]}");
  }
  const total = order.items.reduce((sum, { count, cents }) => sum + count * cents, 0);
  return { customer: order.customer, items: order.items.length, cents: total };
}
