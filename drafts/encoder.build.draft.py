import nbformat, sys
from nbformat.v4 import new_notebook, new_markdown_cell, new_code_cell
cells=[]
def md(t): cells.append(new_markdown_cell(t.strip('\n')))
def code(t, caption=None, alt=None, tags=None):
    m={}
    if caption: m["mystnb"]={"figure":{"caption":caption},"image":{"alt":alt}}
    if tags: m["tags"]=tags
    cells.append(new_code_cell(t.strip('\n'), metadata=m))
IGN=["nbval-ignore-output"]
exec(open('runs/enc/content.py').read())
nb=new_notebook(cells=cells, metadata={"kernelspec":{"display_name":"Python 3 (ipykernel)","language":"python","name":"python3"},"language_info":{"name":"python"}})
for i,c in enumerate(nb.cells): c.id=f"enc-{i:03d}"
nbformat.write(nb, sys.argv[1])
print(len(cells), sum(c.cell_type=='code' for c in cells))
