/** Whether a place is below the window: what comes there moves nothing that is in view. */
export function below(element: Element): boolean {
  return element.getBoundingClientRect().top >= innerHeight;
}
