/** Below this path everything is the platform's REST API or its documentation. */
export const API_PATH = '/api/';
export const API_V1 = 'api/v1';
