/** What can go wrong for the person who holds the phone, each with a stable code. */

export class Trouble extends Error {
    /**
     * @param {string} code offline, code-unknown, code-used, code-expired, too-many-tries, other-participant,
     *     storage-full, too-large, already-given, overtaken (another window kept something newer), outdated (another
     *     tab runs a newer release: reload), unexpected
     * @param {{retryAfter?: number, problem?: object, cause?: unknown}} more retryAfter in seconds
     */
    constructor(code, { retryAfter = 0, problem = null, cause } = {}) {
        super(problem?.detail ?? code, { cause });
        this.name = "Trouble";
        this.code = code;
        this.retryAfter = retryAfter;
        this.problem = problem;
    }
}
