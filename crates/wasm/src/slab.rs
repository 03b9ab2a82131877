//! Things by integer handle. Handles start at 1, so that 0 can mean none, and are used again.

pub struct Slab<T> {
    items: Vec<Option<T>>,
    free: Vec<usize>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Slab {
            items: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slab<T> {
    pub fn add(&mut self, item: T) -> usize {
        match self.free.pop() {
            Some(at) => {
                self.items[at] = Some(item);
                at + 1
            }
            None => {
                self.items.push(Some(item));
                self.items.len()
            }
        }
    }
    pub fn get(&self, handle: usize) -> &T {
        self.items[handle - 1]
            .as_ref()
            .expect("internal: a handle was used after its end")
    }
    pub fn get_mut(&mut self, handle: usize) -> &mut T {
        self.items[handle - 1]
            .as_mut()
            .expect("internal: a handle was used after its end")
    }
    pub fn take(&mut self, handle: usize) -> T {
        let item = self.items[handle - 1]
            .take()
            .expect("internal: a handle was ended twice");
        self.free.push(handle - 1);
        item
    }
}
