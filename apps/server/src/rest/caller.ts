/** Who publishes while there are no users. */
export const ANONYMOUS = 'anonymous';
