// The version that the gateway tells of itself. A test holds it equal to package.json.

export const VERSION = '0.1.0'
