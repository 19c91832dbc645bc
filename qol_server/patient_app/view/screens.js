/** Every screen by its name: loaded when it is first shown, so that the first one comes fast. */

export const SCREENS = {
    today: async () => (await import("./today.js")).Today,
};
