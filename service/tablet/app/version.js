/** The version of the app that an edit names. Kept equal to service/version.py by a test. */
export const VERSION = '0.1.0';
